import Crypto
public import Foundation
public import NIOCore

/// Where the bytes of files lie: a folder or an S3 bucket. Objects have at most 50 MiB and never change: under one name
/// there are always the same bytes, so that writing twice is writing once. They pass through in pieces: many may be under
/// way at once.
public protocol BlobStorage: Sendable {
  /// Lasting once it returns: all of it is there, or nothing. `sha256` is that of the bytes.
  func put(_ key: BlobKey, _ content: BlobContent, sha256: [UInt8]) async throws(StorageError)
  /// Nil where there is no such object. Its bytes are read as they are asked for.
  func open(_ key: BlobKey) async throws(StorageError) -> BlobContent?
  func has(_ key: BlobKey) async throws(StorageError) -> Bool
  /// Deleting what is not there is no error.
  func delete(_ key: BlobKey) async throws(StorageError)
}

/// The bytes of an object, in pieces as they come; who reads them a second time gets the same.
public struct BlobContent: Sendable {
  public typealias Pieces = any AsyncSequence<ByteBuffer, any Error> & Sendable

  public let size: Int
  public let pieces: Pieces

  public init(size: Int, pieces: Pieces) {
    self.size = size
    self.pieces = pieces
  }

  public init(_ bytes: [UInt8]) {
    self.init(size: bytes.count, pieces: OnePiece(bytes: ByteBuffer(bytes: bytes)))
  }

  /// All of them at once, for objects that are small.
  public func whole() async throws(StorageError) -> [UInt8] {
    var whole: [UInt8] = []
    whole.reserveCapacity(size)
    do {
      for try await piece in pieces { whole += piece.readableBytesView }
    } catch {
      throw error as? StorageError ?? StorageError("\(type(of: error)) while reading")
    }
    return whole
  }

  private struct OnePiece: AsyncSequence, Sendable {
    let bytes: ByteBuffer

    struct AsyncIterator: AsyncIteratorProtocol {
      var bytes: ByteBuffer?
      mutating func next() async throws -> ByteBuffer? {
        defer { bytes = nil }
        return bytes
      }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes) }
  }
}

extension BlobStorage {
  public func put(_ key: BlobKey, _ bytes: [UInt8]) async throws(StorageError) {
    try await put(key, BlobContent(bytes), sha256: Array(SHA256.hash(data: bytes)))
  }

  public func get(_ key: BlobKey) async throws(StorageError) -> [UInt8]? {
    try await open(key)?.whole()
  }
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

  /// By which an organization's storage is known again.
  static func mark(_ organization: UUID) -> BlobKey {
    BlobKey(segments: ["blobs", organization.wire, "mark"])
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
