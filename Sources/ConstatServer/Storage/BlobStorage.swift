public import Foundation

/// Where the bytes of files lie: a folder or an S3 bucket. Objects are small enough to be held whole (at most 50 MiB), and
/// never change: under one name there are always the same bytes, so that writing twice is writing once.
public protocol BlobStorage: Sendable {
  /// Lasting once it returns: all of it is there, or nothing.
  func put(_ key: BlobKey, _ bytes: [UInt8]) async throws(StorageError)
  /// Nil where there is no such object.
  func get(_ key: BlobKey) async throws(StorageError) -> [UInt8]?
  /// Deleting what is not there is no error.
  func delete(_ key: BlobKey) async throws(StorageError)
}

/// The name of an object: made of ids, hashes and numbers of ours alone, so that nothing that a caller writes becomes a
/// path.
public struct BlobKey: Sendable, Hashable, CustomStringConvertible {
  /// Lower-case letters, digits and dashes in each segment.
  public let segments: [String]
  public var description: String { segments.joined(separator: "/") }

  /// The bytes of this SHA-256.
  public static func blob(_ organization: UUID, sha256: [UInt8]) -> BlobKey {
    let name = sha256.hexadecimal
    return BlobKey(segments: ["blobs", organization.wire, String(name.prefix(2)), name])
  }

  /// One part of an upload, by where it begins.
  public static func part(_ organization: UUID, upload: UUID, offset: Int64) -> BlobKey {
    BlobKey(segments: ["parts", organization.wire, upload.wire, String(offset)])
  }
}

/// The storage did not do what it was asked to. Without data: what it says goes to the log.
public struct StorageError: Error, Sendable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
