public import ConstatCore

/// What both parties have signed is what was seen on site: once the mission order is finalised,
/// the office no longer writes observed fields over it, it proposes.
public enum SignedOrder {
  /// An office's change of one row, divided.
  public struct Division: Sendable, Hashable {
    /// What is written at once.
    public let applied: [String: JSONValue]
    /// What waits for the technician's word.
    public let proposed: [String: JSONValue]
  }

  /// Rows that the parties sign for. Buildings and modules outlive the dossier and stay the office's, and nobody proposes
  /// steps.
  public static let types: Set<EntityType> = [.dossier, .outbuilding, .dossierDiagnostic]

  public static func divide(
    _ change: [String: JSONValue], of type: EntityType, isFinalised: Bool
  ) -> Division {
    guard isFinalised, types.contains(type) else { return Division(applied: change, proposed: [:]) }
    let proposed = change.filter { type.rule(of: $0.key)?.policy == .observed }
    return Division(applied: change.filter { proposed[$0.key] == nil }, proposed: proposed)
  }
}
