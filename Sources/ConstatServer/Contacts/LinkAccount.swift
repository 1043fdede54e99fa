import ConstatCore
import Foundation
import Postgres

/// Holds what a write does to main accounts and sub-accounts to the rules of ``AccountLink`` (CON-12).
struct LinkAccount {
  let writing: WriteCall
  let id: UUID
  let values: [String: JSONValue]

  func check() async throws {
    guard values["main_account_id"] != nil || values["kind"] != nil else { return }
    let given = values["main_account_id"]?.string.flatMap(UUID.init(uuidString:))
    guard given != id else { throw Self.problem(.mainIsSubAccount) }
    let parties = try await ContactStore(transaction: writing.transaction, organization: writing.organization)
      .parties([id, given].compactMap(\.self))
    let before = parties[id]
    let contact = AccountLink.Party(
      kind: values["kind"]?.string.flatMap(Contact.Kind.init(rawValue:)) ?? before?.party.kind ?? .individual,
      isSubAccount: before?.party.isSubAccount ?? false, hasSubAccounts: before?.party.hasSubAccounts ?? false
    )
    let keepsMain = values["main_account_id"] == nil && contact.isSubAccount
    if contact.kind == .individual, contact.hasSubAccounts || keepsMain { throw Self.problem(.individual) }
    guard let given else { return }
    if let fault = AccountLink.fault(of: contact, under: parties[given]?.party) { throw Self.problem(fault) }
  }

  private static func problem(_ fault: AccountLink.Fault) -> Problem {
    switch fault {
    case .unknownMain: .field("/main_account_id", "not-found", "ce contact est inconnu")
    case .mainIsIndividual:
      .field("/main_account_id", "inconsistent", "un particulier ne peut être un compte principal")
    case .mainIsSubAccount:
      .field("/main_account_id", "inconsistent", "un sous-compte ne peut être un compte principal")
    case .subAccountHasOwn:
      .field("/main_account_id", "inconsistent", "un compte principal ne peut devenir un sous-compte")
    case .individual:
      .field("/kind", "inconsistent", "un particulier n'a ni compte principal ni sous-comptes")
    }
  }
}
