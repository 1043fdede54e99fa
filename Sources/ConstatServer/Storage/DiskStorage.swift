import Dispatch
public import Foundation

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

  public func put(_ key: BlobKey, _ bytes: [UInt8]) async throws(StorageError) {
    let place = place(of: key)
    try await blocking { () throws(StorageError) in
      let folder = place.deletingLastPathComponent()
      try make(folder)
      try make(drafts)
      var name = Array((drafts.path + "/XXXXXX").utf8CString)
      let file = mkstemp(&name)
      guard file >= 0 else { throw .system("create") }
      do throws(StorageError) {
        try write(bytes, to: file)
        guard fsync(file) == 0 else { throw .system("fsync") }
        guard rename(name, place.path) == 0 else { throw .system("rename") }
      } catch {
        close(file)
        unlink(name)
        throw error
      }
      close(file)
      try sync(folder)
    }
  }

  public func get(_ key: BlobKey) async throws(StorageError) -> [UInt8]? {
    let place = place(of: key)
    return try await blocking { () throws(StorageError) in
      do {
        return Array(try Data(contentsOf: place))
      } catch {
        if access(place.path, F_OK) != 0, errno == ENOENT { return nil }
        throw .system("read")
      }
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

  private func write(_ bytes: [UInt8], to file: Int32) throws(StorageError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(file, $0.baseAddress! + written, $0.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system("write") }
      written += count
    }
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
    let handle = open(folder.path, O_RDONLY)
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

extension StorageError {
  /// Of the last system call.
  fileprivate static func system(_ call: String) -> StorageError { StorageError("\(call): errno \(errno)") }
}
