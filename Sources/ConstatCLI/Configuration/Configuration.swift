import ArgumentParser
import Foundation
import Logging
import Postgres

/// How this installation is set up, read once from the environment.
struct Configuration: Sendable {
  /// Where `Migrations/` and `openapi/` are (`CONSTAT_HOME`; else found from here or from the program).
  let home: URL
  /// What a development server keeps: its database and its secret (`.constat` in the home).
  let state: URL
  /// The role that serves (`DATABASE_URL`); nil asks for a development cluster.
  let databaseURL: String?
  /// The role that owns and migrates (`DATABASE_OWNER_URL`).
  let ownerURL: String?
  let host: String
  let port: Int
  let logLevel: Logger.Level
  /// Whether a proxy of ours names the caller (`CONSTAT_TRUST_FORWARDED_FOR`): without it, behind one, all callers share
  /// one address, and with it one another's failed sign-ins. Off, where anybody could name himself.
  let trustsForwardedFor: Bool
  /// Connections for transactions (`DATABASE_POOL_SIZE`).
  let poolSize: Int
  /// Connections that all reads share, some dozen under way on each (`DATABASE_READ_CONNECTIONS`): one more than there are
  /// processors; still more only take turns.
  let readConnections: Int
  /// Where the bytes of files are kept.
  let blobs: BlobConfiguration
  private let secretText: String?

  init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    func number(_ name: String, _ range: ClosedRange<Int>, default fallback: Int) throws -> Int {
      guard let text = value(name) else { return fallback }
      guard let number = Int(text), range.contains(number) else {
        throw Terminal.failure(
          "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)",
          Terminal.configurationError)
      }
      return number
    }
    home = try Self.home(value("CONSTAT_HOME"))
    state = home.appending(path: ".constat")
    databaseURL = value("DATABASE_URL")
    ownerURL = value("DATABASE_OWNER_URL")
    host = value("HOST") ?? "127.0.0.1"
    port = try number("PORT", 0...65535, default: 8080)
    let level = value("LOG_LEVEL") ?? "info"
    guard let logLevel = Logger.Level(rawValue: level.lowercased()) else {
      throw Terminal.failure(
        "LOG_LEVEL must be one of trace, debug, info, notice, warning, error, critical",
        Terminal.configurationError)
    }
    self.logLevel = logLevel
    guard let trusts = Bool((value("CONSTAT_TRUST_FORWARDED_FOR") ?? "false").lowercased()) else {
      throw Terminal.failure(
        "CONSTAT_TRUST_FORWARDED_FOR must be true or false", Terminal.configurationError)
    }
    trustsForwardedFor = trusts
    poolSize = try number(
      "DATABASE_POOL_SIZE", 1...500, default: max(8, 3 * ProcessInfo.processInfo.activeProcessorCount))
    readConnections = try number(
      "DATABASE_READ_CONNECTIONS", 1...100, default: ProcessInfo.processInfo.activeProcessorCount + 1)
    blobs = try BlobConfiguration(state: state, value: value)
    secretText = value("CONSTAT_SECRET_KEY")
  }

  /// Signs cursors and tokens: at least 32 bytes, in hexadecimal or base64, the same on every process. A
  /// development server draws its own once and keeps it.
  func secret() throws -> [UInt8] {
    if let secretText {
      guard let bytes = Self.bytes(secretText), bytes.count >= 32 else {
        throw Terminal.failure(
          "CONSTAT_SECRET_KEY must be at least 32 bytes in hexadecimal or base64 (openssl rand -hex 32)",
          Terminal.configurationError)
      }
      return bytes
    }
    guard databaseURL == nil else {
      throw Terminal.failure(
        "CONSTAT_SECRET_KEY is not set (openssl rand -hex 32)", Terminal.configurationError)
    }
    return try developmentSecret()
  }

  private func developmentSecret() throws -> [UInt8] {
    let file = state.appending(path: "secret")
    if let text = try? String(contentsOf: file, encoding: .utf8),
      let bytes = Self.bytes(text.trimmingCharacters(in: .whitespacesAndNewlines)), bytes.count >= 32
    {
      return bytes
    }
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
    try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
    guard
      FileManager.default.createFile(
        atPath: file.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
    else { throw Terminal.failure("cannot write \(file.path)", Terminal.configurationError) }
    return bytes
  }

  private static func bytes(_ text: String) -> [UInt8]? {
    if text.count % 2 == 0, text.allSatisfy(\.isHexDigit) {
      let digits = Array(text)
      return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(digits[$0...$0 + 1]), radix: 16)
      }
    }
    return Data(base64Encoded: text).map(Array.init)
  }

  private static func home(_ given: String?) throws -> URL {
    func isHome(_ url: URL) -> Bool {
      ["Migrations", "openapi"].allSatisfy {
        FileManager.default.fileExists(atPath: url.appending(path: $0).path)
      }
    }
    if let given {
      let url = URL(filePath: given, directoryHint: .isDirectory)
      guard isHome(url) else {
        throw Terminal.failure(
          "CONSTAT_HOME (\(given)) has no Migrations/ and openapi/", Terminal.configurationError)
      }
      return url
    }
    let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for start in [
      URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory), program,
    ] {
      var url = start
      while true {
        if isHome(url) { return url }
        let parent = url.deletingLastPathComponent().standardizedFileURL
        if parent.path == url.standardizedFileURL.path { break }
        url = parent
      }
    }
    throw Terminal.failure(
      "no Migrations/ and openapi/ here or above: set CONSTAT_HOME", Terminal.configurationError)
  }
}
