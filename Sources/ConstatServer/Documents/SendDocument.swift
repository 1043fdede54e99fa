import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Serves a document's bytes and records who took them, when and from where, in the transaction that commits
/// before the first byte leaves (DOC-15, DOC-17).
struct SendDocument {
  let writing: WriteCall
  let file: DocumentStore.File

  func perform() async throws -> Reply {
    guard !file.isBlocked else {
      throw Problem(.forbidden, "document-blocked", "Document bloqué", detail: file.blockedReason)
    }
    let results = try await writing.transaction.pipeline([
      DocumentStore.recordDownload(writing, file),
      BlobStore.one(writing.organization, sha256: file.sha256),
    ])
    let content = try await writing.call.services.content(of: results[1], in: writing.organization)
    return .download(content, type: file.mediaType, named: file.fileName)
  }
}
