import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// The files of a dossier: deposited (DOC-02), listed, blocked and unblocked (DOC-11), served with a trace
/// (DOC-17).
struct DocumentRoutes {
  private static let block = FieldSet([.required("reason", .requiredLine)])
  static let sizeLimit = Attachment.sizeLimit

  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/documents", .staff) { reading in
      let (organization, id) = try (reading.call.organization, reading.call.id())
      let results = try await reading.query([
        DocumentStore.dossier(organization, id), DocumentStore.list(organization, dossier: id),
      ])
      guard results[0].rowCount == 1 else { throw Problem.notFound }
      return .items(results[1])
    }
    let deposit = DepositDocument(access: .staff(.admin, .office, .technician))
    routes.post(
      "/v1/dossiers/{id}/documents", deposit.access, bodyLimit: Self.sizeLimit, preparing: deposit.prepare,
      deposit.deposit)
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
