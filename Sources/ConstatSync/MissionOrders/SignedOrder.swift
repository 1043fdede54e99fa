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

  public static func divide(
    _ change: [String: JSONValue], of type: EntityType, isFinalised: Bool
  ) -> Division {
    guard isFinalised else { return Division(applied: change, proposed: [:]) }
    let proposed = change.filter { type.rule(of: $0.key)?.policy == .observed }
    return Division(applied: change.filter { proposed[$0.key] == nil }, proposed: proposed)
  }
}
