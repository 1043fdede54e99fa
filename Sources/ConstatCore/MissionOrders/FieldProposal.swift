/// What the office would change of a fact that both parties have signed: it waits for the technician's word, or an
/// administrator's.
public enum FieldProposal {
  public enum State: String, Sendable, Hashable, Codable, CaseIterable {
    case open
    case accepted
    case refused
    /// Taken back by the office, or replaced by another proposal for the same field.
    case withdrawn
  }

  /// The pseudo-field of a proposal to delete the row, from `false` to `true`.
  public static let deletion = "_deleted"

  /// What whoever decides says.
  public static let decision = FieldSet([.required("state", .choice(State.self))])
}
