/// A due date on an invoice's one debt (échelon).
public enum Instalment {
  /// Nothing is due any more from `received` on, though only `cashed` is at the bank (AMB-41).
  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    /// Perçu.
    case received
    /// Dépôt en cours.
    case depositInProgress = "deposit_in_progress"
    /// Encaissé.
    case cashed
  }

  public static let fields = FieldSet([
    .id, .required("due_on", .day), .required("amount_cents", .cents(1...Money.limit.cents)),
  ])
}
