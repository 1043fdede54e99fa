import Dispatch
public import Foundation
import NIOCore

/// Blobs in a folder. An object is written as a draft, brought to the disk and then renamed to its place, its folder synced:
/// a crash leaves all of it or nothing but a draft, which goes at a later start. Several processes may share the folder.
public struct DiskStorage: BlobStorage {
  private let root: URL
  /// Blocking work goes here, so that it holds up no task of others.
  private static let queue = DispatchQueue(label: "constat.blobs", attributes: .concurrent)

  public init(root: URL) {
    self.root = root
    let yesterday = Double(time(nil) - 86_400)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: drafts.path)) ?? [] {
      let path = drafts.appending(path: name).path
      let written = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
      if let written, written.timeIntervalSince1970 < yesterday { unlink(path) }
    }
  }

  private var drafts: URL { root.appending(path: "drafts") }

  public func put(_ key: BlobKey, _ content: BlobContent, sha256: [UInt8]) async throws(StorageError) {
    let place = place(of: key)
    let draft = try await blocking { () throws(StorageError) in
      try make(place.deletingLastPathComponent())
      try make(drafts)
      return try Draft(in: drafts)
    }
    do {
      for try await piece in content.pieces {
        try await blocking { () throws(StorageError) in try draft.write(piece) }
      }
    } catch {
      throw error as? StorageError ?? StorageError("\(type(of: error)) while writing")
    }
    try await blocking { () throws(StorageError) in
      try draft.become(place)
      try sync(place.deletingLastPathComponent())
    }
  }

  public func open(_ key: BlobKey) async throws(StorageError) -> BlobContent? {
    let place = place(of: key)
    return try await blocking { () throws(StorageError) in
      guard let file = try OpenFile(place.path) else { return nil }
      return BlobContent(size: file.size, pieces: Pieces(storage: self, file: file))
    }
  }

  public func has(_ key: BlobKey) async throws(StorageError) -> Bool {
    let place = place(of: key)
    return try await blocking { () throws(StorageError) in
      if access(place.path, F_OK) == 0 { return true }
      guard errno == ENOENT else { throw .system("access") }
      return false
    }
  }

  public func delete(_ key: BlobKey) async throws(StorageError) {
    let place = place(of: key)
    try await blocking { () throws(StorageError) in
      guard unlink(place.path) == 0 || errno == ENOENT else { throw .system("unlink") }
      // An upload's own folder goes with its last part.
      if key.segments.first == "parts" { rmdir(place.deletingLastPathComponent().path) }
    }
  }

  private func place(of key: BlobKey) -> URL {
    key.segments.reduce(root) { $0.appending(path: $1) }
  }

  /// A folder that is new is made to last, as are those above it.
  private func make(_ folder: URL) throws(StorageError) {
    guard access(folder.path, F_OK) != 0 else { return }
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw StorageError("cannot make a folder for blobs")
    }
    var above = folder.deletingLastPathComponent()
    while above.path.count >= root.path.count {
      try sync(above)
      above.deleteLastPathComponent()
    }
  }

  /// The name is as lasting as the bytes.
  private func sync(_ folder: URL) throws(StorageError) {
    let handle = Foundation.open(folder.path, O_RDONLY)
    guard handle >= 0 else { throw .system("open") }
    defer { close(handle) }
    guard fsync(handle) == 0 else { throw .system("fsync") }
  }

  private func blocking<Value: Sendable>(
    _ work: @escaping @Sendable () throws(StorageError) -> Value
  ) async throws(StorageError) -> Value {
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<Value, StorageError>, Never>) in
      Self.queue.async { continuation.resume(returning: Result(catching: work)) }
    }
    return try result.get()
  }
}

extension DiskStorage {
  /// A file that is read where it is asked for; whoever has it open has all of it, though it be deleted.
  private final class OpenFile: Sendable {
    let size: Int
    private let handle: Int32

    /// Nil where there is none.
    init?(_ path: String) throws(StorageError) {
      handle = Foundation.open(path, O_RDONLY)
      guard handle >= 0 else {
        if errno == ENOENT { return nil }
        throw .system("open")
      }
      size = Int(lseek(handle, 0, SEEK_END))
      guard size >= 0 else {
        close(handle)
        throw .system("lseek")
      }
    }

    deinit { close(handle) }

    /// Up to so many bytes from there; none at the end.
    func read(_ count: Int, at offset: Int) throws(StorageError) -> ByteBuffer {
      var buffer = ByteBuffer()
      let read = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
        var read = pread(handle, bytes.baseAddress, Swift.min(count, bytes.count), off_t(offset))
        while read < 0, errno == EINTR {
          read = pread(handle, bytes.baseAddress, Swift.min(count, bytes.count), off_t(offset))
        }
        return Swift.max(0, read)
      }
      guard read > 0 || offset >= size else { throw .system("read") }
      return buffer
    }
  }

  private struct Pieces: AsyncSequence, Sendable {
    static let size = 256 * 1024
    let storage: DiskStorage
    let file: OpenFile

    struct AsyncIterator: AsyncIteratorProtocol {
      let pieces: Pieces
      var offset = 0

      mutating func next() async throws -> ByteBuffer? {
        guard offset < pieces.file.size else { return nil }
        let (file, offset) = (pieces.file, offset)
        let piece = try await pieces.storage.blocking { () throws(StorageError) in
          try file.read(Pieces.size, at: offset)
        }
        self.offset += piece.readableBytes
        return piece
      }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
  }

  /// A file that is being written; gone with this object unless it became an object of the storage.
  private final class Draft: Sendable {
    private let handle: Int32
    private let path: String

    init(in folder: URL) throws(StorageError) {
      var name = Array((folder.path + "/XXXXXX").utf8CString)
      handle = mkstemp(&name)
      guard handle >= 0 else { throw .system("create") }
      path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
      close(handle)
      // Without effect once it was renamed.
      unlink(path)
    }

    func write(_ piece: ByteBuffer) throws(StorageError) {
      var rest = piece.readableBytesView
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Foundation.write(handle, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw .system("write") }
        rest = rest.dropFirst(count)
      }
    }

    func become(_ place: URL) throws(StorageError) {
      guard fsync(handle) == 0 else { throw .system("fsync") }
      guard rename(path, place.path) == 0 else { throw .system("rename") }
    }
  }
}

extension StorageError {
  /// Of the last system call.
  fileprivate static func system(_ call: String) -> StorageError { StorageError("\(call): errno \(errno)") }
}
