/// What the reports are for: sale, rental, or management (gestion) of a property.
public enum TransactionType: String, Sendable, Hashable, Codable, CaseIterable {
  case sale
  case rental
  case management
}
