import Foundation
import Synchronization

/// Programs in Python that tests talk to, run with the packages of `deploy/requirements-test.txt`, which `make test` puts
/// into `.venv`.
public struct PythonProgram: Sendable {
  private static let root = TestServer.root
  private static let interpreter = root.appending(path: ".venv/bin/python")

  /// Whether the packages are there. Where continuous integration runs, they must be.
  public static let isInstalled: Bool = {
    if ProcessInfo.processInfo.environment["CI"] != nil { return true }
    let packages = root.appending(path: ".venv/lib")
    let found = FileManager.default.enumerator(atPath: packages.path)?.contains {
      ($0 as? String)?.hasSuffix("site-packages/tusclient") == true
    }
    return FileManager.default.isExecutableFile(atPath: interpreter.path) && found == true
  }()

  public struct Failed: Error {
    public let status: Int32
    public let output: String
  }

  /// Runs one of `Tests/Python` to its end; the lines that it printed.
  public static func output(of script: String, _ arguments: [String]) async throws -> [String] {
    let process = process(script, arguments)
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        do { try process.run() } catch { return continuation.resume(throwing: error) }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus == 0 {
          continuation.resume(returning: text.split(separator: "\n").map(String.init))
        } else {
          continuation.resume(throwing: Failed(status: process.terminationStatus, output: text + complaint))
        }
      }
    }
  }

  /// Runs a script for the time of the closure, which gets the first line that it prints; the script ends when its
  /// standard input does.
  public static func during(
    _ script: String, _ body: @escaping @Sendable (String) async throws -> Void
  ) async throws {
    let process = process(script, [])
    let (output, input) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = input
    try process.run()
    let line = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: firstLine(output.fileHandleForReading)) }
    }
    let result: Result<Void, any Error>
    do { result = .success(try await body(line)) } catch { result = .failure(error) }
    try? input.fileHandleForWriting.close()
    process.terminate()
    process.waitUntilExit()
    try result.get()
  }

  private static func firstLine(_ handle: FileHandle) -> String {
    var line = Data()
    while let byte = try? handle.read(upToCount: 1), !byte.isEmpty, byte != Data("\n".utf8) { line += byte }
    return String(decoding: line, as: UTF8.self)
  }

  private static func process(_ script: String, _ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = interpreter
    process.arguments = [root.appending(path: "Tests/Python/\(script)").path] + arguments
    return process
  }
}
