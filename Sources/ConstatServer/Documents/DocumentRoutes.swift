import ConstatCore
import Crypto
import Foundation
import HTTPTypes
import Postgres

/// The files of a dossier: deposited (DOC-02), listed, blocked and unblocked (DOC-11), served with a trace
/// (DOC-17).
struct DocumentRoutes {
  private static let block = FieldSet([.required("reason", .requiredLine)])
  static let sizeLimit = 50 * 1_048_576

  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/documents", .staff) { reading in
      let (organization, id) = try (reading.call.organization, reading.call.id())
      let results = try await reading.query([
        DocumentStore.dossier(organization, id), DocumentStore.list(organization, dossier: id),
      ])
      guard results[0].rowCount == 1 else { throw Problem.notFound }
      return .items(results[1])
    }
    routes.post(
      "/v1/dossiers/{id}/documents", .staff(.admin, .office, .technician), bodyLimit: Self.sizeLimit
    ) { try await Self.deposit($0) }
    routes.get("/v1/documents/{id}", .staff) { reading in
      try .resource(await reading.query(DocumentStore.one(reading.call.organization, reading.call.id())))
    }
    routes.download("/v1/documents/{id}/content", .staff) { writing in
      let found = try await writing.transaction.first(
        DocumentStore.File.self, DocumentStore.file(writing.organization, writing.call.id()))
      guard let found else { throw Problem.notFound }
      return try await SendDocument(writing: writing, file: found).perform()
    }
    routes.get("/v1/documents/{id}/downloads", .staff) { reading in
      try reading.call.query.only("limit", "cursor")
      let (organization, id) = try (reading.call.organization, reading.call.id())
      let page = try Page(reading.call)
      let results = try await reading.query([
        DocumentStore.one(organization, id), DocumentStore.downloads(organization, document: id, page),
      ])
      guard results[0].rowCount == 1 else { throw Problem.notFound }
      return try .list(results[1], page: page)
    }
    registerBlocks(in: &routes)
    routes.delete("/v1/documents/{id}", .staff(.admin)) { try await Self.delete($0) }
  }

  private func registerBlocks(in routes: inout Routes) {
    let writers = Access.staff(.admin, .office, .accountant)
    routes.post("/v1/documents/{id}/block", writers) { writing in
      let reason = try writing.call.fields(Self.block, as: .creation)["reason"]?.string ?? ""
      return try await Self.block(writing, reason: reason)
    }
    routes.delete("/v1/documents/{id}/block", writers) { try await Self.block($0, reason: nil) }
  }

  private static func block(_ writing: WriteCall, reason: String?) async throws -> Reply {
    let id = try writing.call.id()
    let results = try await writing.transaction.pipeline([
      DocumentStore.block(writing.organization, id, reason: reason),
      DocumentStore.one(writing.organization, id),
    ])
    return try .resource(results[1])
  }

  /// The body is the file; what is said of it stands in the query.
  private static func deposit(_ writing: WriteCall) async throws -> Reply {
    let call = writing.call
    let dossier = try call.id()
    let mediaType = call.headers[.contentType]?.split(separator: ";").first
      .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    guard let kind = mediaType.flatMap(FileKind.init(rawValue:)) else {
      throw Problem(
        .unsupportedMediaType, "unsupported-media-type", "Type de contenu non pris en charge",
        members: ["accepted": .array(FileKind.allCases.map { .string($0.rawValue) })])
    }
    var values = try described(call, dossier, kind)
    guard kind.matches(call.body) else {
      throw Problem(
        .unprocessableContent, "content-mismatch", "Le contenu n'est pas du type annoncé",
        detail: call.body.isEmpty ? "Le fichier est vide." : nil)
    }
    let found = try await writing.transaction.query(DocumentStore.dossier(writing.organization, dossier))
    guard found.rowCount == 1 else { throw Problem.notFound }
    let hash = Array(SHA256.hash(data: call.body))
    _ = try await writing.transaction.query(
      DocumentStore.keep(writing.organization, sha256: hash, mediaType: kind.rawValue, call.body))
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? call.clock.newID()
    values["sha256"] = .string(
      "\\x" + hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    values["size_bytes"] = .integer(Int64(call.body.count))
    let rows = RowStore(transaction: writing.transaction)
    let inserted = try await rows.insert("document", organization: writing.organization, id: id, values)
    let known = inserted ? true : try await rows.matches("document", id: id, values)
    guard known else {
      throw Problem.conflict("id-taken", "Identifiant déjà utilisé pour d'autres données")
    }
    return try .resource(
      await writing.transaction.query(DocumentStore.one(writing.organization, id)),
      status: inserted ? .created : .ok,
      location: "/v1/documents/\(id.uuidString.lowercased())")
  }

  /// The column values that the query gives.
  private static func described(_ call: Call, _ dossier: UUID, _ kind: FileKind) throws -> [String: JSONValue]
  {
    try call.query.only("id", "file_name", "category")
    var members: [String: JSONValue] = [
      "dossier_id": .string(dossier.uuidString), "media_type": .string(kind.rawValue),
    ]
    for name in ["id", "file_name", "category"] {
      if let value = call.query[name] { members[name] = .string(value) }
    }
    if let name = call.query["file_name"],
      name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f || $0 == "/" || $0 == "\\" })
    {
      throw QueryParameters.problem("file_name", "malformed-parameter")
    }
    do { return try Document.fields.checked(.object(members), as: .creation) } catch {
      throw Problem(
        .badRequest, "invalid-parameters", "Paramètres invalides",
        errors: error.problems.map {
          .init(pointer: "?" + $0.pointer.dropFirst(), code: $0.code.rawValue, detail: $0.detail)
        })
    }
  }

  /// A document that someone has fetched is the proof of its delivery, and stays.
  private static func delete(_ writing: WriteCall) async throws -> Reply {
    let id = try writing.call.id()
    let expected = try writing.call.ifMatch()
    let fetched: Bool? = try await writing.transaction.value(
      Bool.self, DocumentStore.wasDownloaded(writing.organization, id))
    guard fetched != true else {
      throw Problem.conflict("document-downloaded", "Document déjà téléchargé : il ne peut être supprimé")
    }
    try await RowStore(transaction: writing.transaction).delete("document", id: id, expected: expected)
    return .noContent
  }
}
