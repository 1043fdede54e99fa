import Foundation
import HTTPTypes
import Postgres

/// The way of all files into the storage, in two steps around the caller's own write: the bytes are promised and put
/// before it, and settled in its transaction. Bytes that the organization has already are not put again.
struct KeepBlob {
  let call: Call
  let access: Access
  let sha256: [UInt8]
  let mediaType: String

  /// Outside of any transaction, since it waits for a disk or a network.
  func put(_ content: BlobContent) async throws {
    try await call.services.keep(content, sha256: sha256, mediaType: mediaType, in: call.organization) {
      promise in
      try await WriteCall.run(call, access: access, channel: "api") { writing in
        try await writing.transaction.value(Bool.self, promise)
      }
    }
  }

  /// For the transaction that writes what refers to them.
  func settled(in organization: UUID) -> SQL { BlobStore.settle(organization, sha256: sha256) }
}

extension JobRun {
  /// The same first step for bytes that a job makes; they are settled in the transaction that names them.
  func keep(_ bytes: [UInt8], sha256: [UInt8], mediaType: String) async throws {
    try await services.keep(BlobContent(bytes), sha256: sha256, mediaType: mediaType, in: organization) {
      promise in
      try await transaction { try await $0.value(Bool.self, promise) }
    }
  }
}

extension Services {
  /// `promised` runs the statement in a transaction of its own.
  fileprivate func keep(
    _ content: BlobContent, sha256: [UInt8], mediaType: String, in organization: UUID,
    promised: (SQL) async throws -> Bool?
  ) async throws {
    let promise = BlobStore.promise(organization, sha256: sha256, mediaType: mediaType)
    guard try await promised(promise) != true else { return }
    try await storage.put(.blob(organization, sha256: sha256), content, sha256: sha256)
  }

  /// The blob that `BlobStore.columns` were read of, wherever it is.
  func content(of result: QueryResult, in organization: UUID) async throws -> BlobContent {
    guard let row = result.first else { throw StorageError("a blob is gone from the database") }
    if !row.isNull("bytes") { return BlobContent(try row.get("bytes")) }
    let sha256: [UInt8] = try row.get("sha256")
    guard try row.get("stored", as: Bool.self),
      let content = try await storage.open(.blob(organization, sha256: sha256))
    else { throw BlobMissing(sha256: sha256) }
    return content
  }
}

/// The storage does not have what it should.
struct BlobMissing: Error {
  let sha256: [UInt8]
}

extension Problem {
  static let storageUnavailable = Problem(
    .serviceUnavailable, "storage-unavailable", "Stockage des fichiers momentanément indisponible",
    headers: [.retryAfter: "5"])
}
