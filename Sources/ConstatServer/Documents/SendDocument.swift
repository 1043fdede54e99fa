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
      DocumentStore.bytes(writing.organization, sha256: file.sha256),
    ])
    guard let bytes: [UInt8] = try results[1].value() else { throw Problem.internalError }
    return Reply(
      .ok,
      headers: [
        .contentType: file.mediaType, .contentDisposition: Self.disposition(file.fileName),
        .init("Content-Security-Policy")!: "default-src 'none'; sandbox",
      ], body: bytes)
  }

  /// RFC 6266: a plain name for old readers, the true one in UTF-8 (RFC 8187).
  static func disposition(_ name: String) -> String {
    let plain = String(
      decoding: name.utf8.map {
        (0x20...0x7e).contains($0) && $0 != 0x22 && $0 != 0x5c && $0 != 0x25 ? $0 : 0x5f
      },
      as: UTF8.self)
    let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    let encoded = name.utf8.flatMap { byte -> [UInt8] in
      unreserved.contains(byte) ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(String(decoding: encoded, as: UTF8.self))"
  }
}
