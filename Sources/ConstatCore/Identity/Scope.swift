/// What an API token may do. A token has no profile: only its scopes count.
public enum Scope: String, Sendable, Hashable, Codable, CaseIterable {
  case contactsRead = "contacts:read"
  case dossiersRead = "dossiers:read"
  case invoicesRead = "invoices:read"
  case paymentsRead = "payments:read"
  case depositSlipsRead = "deposit_slips:read"
  case accountingRead = "accounting:read"
  /// Ask for and fetch exports: FEC, CSV.
  case exportsRead = "exports:read"
}
