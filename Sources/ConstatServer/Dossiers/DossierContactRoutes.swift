import ConstatCore
import Foundation
import Postgres

/// The contact table of a dossier: roles come from the dossier, rights are given here (DOS-57, DOC-07).
struct DossierContactRoutes {
  private static let path = "/v1/dossiers/{id}/contacts/{contact_id}"
  private static let rights = DossierContact.fields.only(
    "report_access", "invoice_access", "additional_recipient")

  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/contacts", .staff) { reading in
      try reading.call.query.only()
      let (organization, id) = (try reading.call.organization, try reading.call.id())
      let results = try await reading.query([
        RowStore.version("dossier", id: id), DossierContactStore.all(organization, id),
      ])
      guard try results[0].value(Int64?.self) ?? nil != nil else { throw Problem.notFound }
      return .items(results[1])
    }
    routes.put(Self.path, DossierRoutes.write) { try await put($0) }
    routes.delete(Self.path, DossierRoutes.write) { try await remove($0) }
  }

  /// Sets what a contact may see, and puts him into the table if he is not there.
  private func put(_ writing: WriteCall) async throws -> Reply {
    let (dossier, contact) = (try writing.call.id(), try writing.call.id("contact_id"))
    let values = try writing.call.fields(Self.rights, as: .creation)
    let rows = RowStore(transaction: writing.transaction)
    // Under the dossier's lock, so that of two who put the same contact one finds the other's row.
    guard try await DossierStore(writing.transaction, writing.organization).current(dossier) != nil,
      try await rows.exists("contact", id: contact)
    else { throw Problem.notFound }
    let store = DossierContactStore(writing.transaction, writing.organization)
    if let row = try await store.row(of: contact, in: dossier) {
      try await rows.update("dossier_contact", id: row, expected: nil, values)
    } else {
      var values = values
      values["dossier_id"] = .string(dossier.uuidString)
      values["contact_id"] = .string(contact.uuidString)
      _ = try await rows.insert(
        "dossier_contact", organization: writing.organization, id: writing.call.clock.newID(), values)
    }
    return try .resource(
      await writing.transaction.query(DossierContactStore.one(writing.organization, dossier, contact)))
  }

  /// A contact with a role stays: the role has to go first.
  private func remove(_ writing: WriteCall) async throws -> Reply {
    let (dossier, contact) = (try writing.call.id(), try writing.call.id("contact_id"))
    let expected = try writing.call.ifMatch()
    let store = DossierContactStore(writing.transaction, writing.organization)
    guard let current = try await DossierStore(writing.transaction, writing.organization).current(dossier),
      let row = try await store.row(of: contact, in: dossier)
    else { throw Problem.notFound }
    let holds = DossierRole.allCases.filter { OpenDossier.uuid(current[$0.column]) == contact }
    guard holds.isEmpty else {
      throw Problem.conflict(
        "contact-has-role", "Ce contact a un rôle dans le dossier",
        members: ["roles": .array(holds.map { .string($0.rawValue) })])
    }
    try await RowStore(transaction: writing.transaction).delete(
      "dossier_contact", id: row, expected: expected)
    return .noContent
  }
}
