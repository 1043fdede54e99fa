/// The link from a sub-account to its main account (CON-12): one level, between professionals. Vision follows it upward
/// only (CON-14, CON-15), so a second level would show what nobody meant to show.
public enum AccountLink {
  /// Why two contacts cannot be linked.
  public enum Fault: Error, Hashable, Sendable, CaseIterable {
    case unknownMain
    case mainIsIndividual
    /// The main account would itself have a main account.
    case mainIsSubAccount
    /// The sub-account would itself have sub-accounts.
    case subAccountHasOwn
    /// Individuals have neither main account nor sub-accounts.
    case individual
  }

  /// One end of the link, as it is before.
  public struct Party: Hashable, Sendable {
    public let kind: Contact.Kind
    public let isSubAccount: Bool
    public let hasSubAccounts: Bool

    public init(kind: Contact.Kind, isSubAccount: Bool, hasSubAccounts: Bool) {
      self.kind = kind
      self.isSubAccount = isSubAccount
      self.hasSubAccounts = hasSubAccounts
    }
  }

  /// Whether `contact` may be a sub-account of `main`; nil for `main` when no such contact is known.
  public static func fault(of contact: Party, under main: Party?) -> Fault? {
    guard let main else { return .unknownMain }
    if contact.kind == .individual { return .individual }
    if main.kind == .individual { return .mainIsIndividual }
    if main.isSubAccount { return .mainIsSubAccount }
    if contact.hasSubAccounts { return .subAccountHasOwn }
    return nil
  }
}
