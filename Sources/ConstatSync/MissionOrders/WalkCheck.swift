public import ConstatCore

/// Holds what a mutation makes of a mission order against the ten steps: the same state machine
/// that the device walked with.
public enum WalkCheck {
  private static let governed = Set(MissionOrder.governedColumns)

  /// The fault of the change, where it has one. `signers` are those whose signature is stored; `onlineCard` whether the
  /// device was offered a card through the online provider.
  public static func fault(
    _ effect: Effect, on state: EntityState?, signedBy signers: Set<Signature.Signer>,
    onlineCard: Bool
  ) -> MissionOrderError? {
    let after: [String: JSONValue]
    switch effect {
    case .insert(let values), .restore(let values): after = values
    case .update(let changes):
      guard changes.keys.contains(where: governed.contains) else { return nil }
      after = (state?.values ?? [:]).merging(changes) { $1 }
    case .none, .delete: return nil
    }
    let before = state.flatMap { $0.isDeleted ? nil : MissionOrder(columns: $0.values) }
    do throws(MissionOrderError) {
      try MissionOrder.validate(
        before: before, after: MissionOrder(columns: after), signedBy: signers, onlineCard: onlineCard)
      return nil
    } catch {
      return error
    }
  }
}
