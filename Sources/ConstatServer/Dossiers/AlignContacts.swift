import ConstatCore
import Foundation
import Postgres

/// Keeps a dossier's contact table in step with its roles, whoever changed them: an order, the office or a device.
///
/// A contact that gets a role gets a row; the payer sees reports and invoice (DOS-64, DOC-10), the others what they
/// were granted (AMB-73). One that ceases to be the payer no longer sees the invoice; one that loses its last role
/// leaves the table, unless it is an additional recipient.
struct AlignContacts {
  let transaction: Transaction
  let organization: UUID
  let newID: @Sendable () -> UUID

  /// `before` and `after` are columns of the dossier; those that are missing hold no contact.
  func run(_ dossier: UUID, before: [String: JSONValue], after: [String: JSONValue]) async throws {
    let (old, new) = (Self.roles(before), Self.roles(after))
    let store = DossierContactStore(transaction, organization)
    var statements: [SQL] = []
    for (contact, roles) in new.sorted(by: { $0.key.uuidString < $1.key.uuidString })
    where roles != old[contact] {
      let gained = roles.subtracting(old[contact] ?? [])
      statements.append(
        store.insert(newID(), contact, into: dossier, DossierContact.defaultRights(roles: gained)))
    }
    for (contact, roles) in old.sorted(by: { $0.key.uuidString < $1.key.uuidString }) {
      let kept = new[contact] ?? []
      if roles.contains(.payer), !kept.contains(.payer) {
        statements.append(store.withdrawInvoice(from: contact, of: dossier))
      }
      if kept.isEmpty { statements.append(store.remove(contact, from: dossier)) }
    }
    if !statements.isEmpty { try await store.run(statements) }
  }

  private static func roles(_ columns: [String: JSONValue]) -> [UUID: Set<DossierRole>] {
    var roles: [UUID: Set<DossierRole>] = [:]
    for role in DossierRole.allCases {
      guard let contact = columns[role.column]?.string.flatMap(UUID.init(uuidString:)) else { continue }
      roles[contact, default: []].insert(role)
    }
    return roles
  }
}
