import Crypto
import Foundation

/// The bytes of attachments in a folder beside the SQLite file, each file named by its SHA-256.
struct AttachmentFiles: Sendable {
  private static let draftPrefix = ".new-"

  let folder: URL

  init(beside file: String) { folder = URL(fileURLWithPath: file + "-attachments", isDirectory: true) }

  static func sha256(_ bytes: some ContiguousBytes) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return bytes.withUnsafeBytes { bytes in
      String(
        decoding: SHA256.hash(data: bytes).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
        as: UTF8.self)
    }
  }

  /// All of it on the disk under its name, or nothing: a crash leaves no half file.
  /// `draft` names the file until it is whole.
  func keep(_ bytes: [UInt8], sha256: String, draft: String) throws {
    let place = place(of: sha256)
    if isWhole(sha256) { return }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let fresh = folder.appendingPathComponent(Self.draftPrefix + draft)
    do {
      try Data(bytes).write(to: fresh)
      let handle = try FileHandle(forWritingTo: fresh)
      try Self.synchronize(handle.fileDescriptor)
      try handle.close()
      if FileManager.default.fileExists(atPath: place.path) { try FileManager.default.removeItem(at: place) }
      try FileManager.default.moveItem(at: fresh, to: place)
      // The name is as lasting as the bytes.
      for folder in [folder, folder.deletingLastPathComponent()] {
        let descriptor = open(folder.path, O_RDONLY)
        guard descriptor >= 0 else { continue }
        defer { close(descriptor) }
        try Self.synchronize(descriptor)
      }
    } catch {
      try? FileManager.default.removeItem(at: fresh)
      throw error
    }
  }

  /// Onto the disk itself: on Apple's systems a plain fsync leaves data in the drive's cache.
  private static func synchronize(_ descriptor: Int32) throws {
    #if canImport(Darwin)
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
    #endif
    guard fsync(descriptor) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  /// The bytes, without copying a large file into memory; nil where there is no file, or another than its name says.
  func contents(_ sha256: String) -> Data? {
    guard let data = try? Data(contentsOf: place(of: sha256), options: .mappedIfSafe) else { return nil }
    return Self.sha256(data) == sha256 ? data : nil
  }

  func isWhole(_ sha256: String) -> Bool { contents(sha256) != nil }

  /// Where the file is; nil where there is none.
  func url(_ sha256: String) -> URL? {
    let place = place(of: sha256)
    return FileManager.default.fileExists(atPath: place.path) ? place : nil
  }

  /// The files that there are, whole; a draft is none.
  func names() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.utf8.count == 64 }
  }

  /// Removes what a crash has left of files that were never whole.
  func removeDrafts(before moment: Date) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(Self.draftPrefix) {
      let draft = folder.appendingPathComponent(name)
      let attributes = try? FileManager.default.attributesOfItem(atPath: draft.path)
      guard let date = attributes?[.modificationDate] as? Date, date < moment else { continue }
      try? FileManager.default.removeItem(at: draft)
    }
  }

  func remove(_ sha256: String) { try? FileManager.default.removeItem(at: place(of: sha256)) }

  func removeAll() throws {
    if FileManager.default.fileExists(atPath: folder.path) { try FileManager.default.removeItem(at: folder) }
  }

  /// A name of 64 hexadecimal digits, whatever it is given: no path.
  private func place(of sha256: String) -> URL {
    folder.appendingPathComponent(String(sha256.filter(\.isHexDigit).prefix(64)))
  }
}
