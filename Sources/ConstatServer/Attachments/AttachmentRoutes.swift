import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Files of missions: what there is, what the server still misses, and their bytes. Devices make them by sync; the office
/// makes them here. Bytes come by `/v1/uploads`, before or after.
struct AttachmentRoutes {
  private static let writers = Access.staff(.admin, .office, .technician)
  private static let fields = Attachment.fields.without("dossier_id")

  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/attachments", .staff) { reading in
      try reading.call.query.only()
      let (organization, id) = try (reading.call.organization, reading.call.id())
      let results = try await reading.query([
        DocumentStore.dossier(organization, id), AttachmentStore.ofDossier(organization, id),
      ])
      guard results[0].rowCount == 1 else { throw Problem.notFound }
      let items = try results[1].map { try JSONValue($0) }
      let missing = items.count { $0["state"]?.string == Attachment.State.awaitingBlob.rawValue }
      return .json([
        "items": .array(items), "next_cursor": nil, "missing_count": .integer(Int64(missing)),
        "complete": .bool(missing == 0),
      ])
    }
    routes.post("/v1/dossiers/{id}/attachments", Self.writers) { try await Self.create($0) }
    routes.get("/v1/attachments/{id}", .staff.or(.device)) { reading in
      try .resource(await reading.query(AttachmentStore.one(reading.call.organization, reading.call.id())))
    }
    routes.get("/v1/attachments/{id}/content", .staff.or(.device)) { try await Self.content($0) }
    routes.delete("/v1/attachments/{id}", .staff(.admin, .office)) { writing in
      let id = try writing.call.id()
      try await RowStore(transaction: writing.transaction).delete(
        "attachment", id: id, expected: writing.call.ifMatch())
      return .noContent
    }
    routes.get("/v1/sync/manifest", .device) { reading in
      try reading.call.query.only("limit", "cursor")
      let page = try Page(reading.call)
      return try .list(
        await reading.query(AttachmentStore.missing(reading.call.organization, page)), page: page)
    }
  }

  private static func create(_ writing: WriteCall) async throws -> Reply {
    let dossier = try writing.call.id()
    var values = try writing.call.fields(fields, as: .creation)
    let found = try await writing.transaction.query(DocumentStore.dossier(writing.organization, dossier))
    guard found.rowCount == 1 else { throw Problem.notFound }
    values["dossier_id"] = .string(dossier.wire)
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
    let rows = RowStore(transaction: writing.transaction)
    let inserted = try await rows.insert("attachment", organization: writing.organization, id: id, values)
    let known = inserted ? true : try await rows.matches("attachment", id: id, values)
    guard known else { throw Problem.idTaken }
    return try .resource(
      await writing.transaction.query(AttachmentStore.one(writing.organization, id)),
      status: inserted ? .created : .ok, location: "/v1/attachments/\(id.wire)")
  }

  /// As the type that the bytes were found to be. They never change, so that whoever has them need not ask again.
  private static func content(_ reading: ReadCall) async throws -> Reply {
    let call = reading.call
    let result = try await reading.query(AttachmentStore.file(call.organization, call.id()))
    guard let row = result.first else { throw Problem.notFound }
    guard try row.get("state", as: String.self) == Attachment.State.stored.rawValue else {
      throw Problem.conflict("awaiting-blob", "Fichier pas encore reçu du terrain")
    }
    let content: BlobContent
    do { content = try await call.services.content(of: result, in: call.organization) } catch let missing
      as BlobMissing
    {
      _ = try await reading.query(BlobStore.doubt(call.organization, sha256: missing.sha256))
      throw missing
    }
    var reply = try Reply.download(content, type: row.get("media_type"), named: row.get("file_name"))
    reply.headers[.cacheControl] = "private, max-age=31536000, immutable"
    reply.headers[.eTag] = "\"\(try row.get("sha256", as: [UInt8].self).hexadecimal)\""
    return reply
  }
}
