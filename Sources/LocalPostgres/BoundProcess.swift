public import Foundation

/// A program that does not outlive this one, however this one ends: a shell beside it waits on a pipe that only this
/// process holds, and ends the program when the pipe does.
public final class BoundProcess: Sendable {
  /// What the shell sends the program in the end.
  public enum Signal: String, Sendable { case quit = "QUIT", terminate = "TERM", kill = "KILL" }

  private let shell: Process
  private let lifeline: FileHandle
  private let record: String

  /// Starts `command`. Its output goes to `record` + ".log", its process id to `record` + ".pid". `removing`: a directory
  /// that goes with it. `environment` is added to ours.
  public init(
    _ command: [String], as account: UnprivilegedAccount? = nil, record: String, ending signal: Signal,
    removing directory: String? = nil, environment: [String: String] = [:]
  ) throws {
    let script = """
      trap '' INT TERM HUP
      cd /
      "$@" >>"$0.log" 2>&1 </dev/null &
      echo $! >"$0.pid"
      cat >/dev/null
      kill -\(signal.rawValue) $! 2>/dev/null
      wait $!
      if [ -n "$CONSTAT_REMOVING" ]; then rm -rf "$CONSTAT_REMOVING"; fi
      """
    let pipe = Pipe()
    lifeline = pipe.fileHandleForWriting
    _ = fcntl(lifeline.fileDescriptor, F_SETFD, FD_CLOEXEC)
    shell = PostgresPrograms.process(account.prefixed(["/bin/sh", "-c", script, record] + command))
    var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    variables["CONSTAT_REMOVING"] = directory ?? ""
    shell.environment = variables
    shell.standardInput = pipe
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    self.record = record
    try? FileManager.default.removeItem(atPath: record + ".pid")
    try shell.run()
  }

  deinit { try? lifeline.close() }

  /// What the program has said.
  public var log: String { (try? String(contentsOfFile: record + ".log", encoding: .utf8)) ?? "" }

  /// Nil for the moment that it takes to start.
  public var id: pid_t? {
    (try? String(contentsOfFile: record + ".pid", encoding: .utf8))
      .flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  public var isRunning: Bool { id.map { Foundation.kill($0, 0) == 0 } ?? shell.isRunning }

  /// Ends it as agreed, and waits until it has.
  public func stop() async {
    try? lifeline.close()
    await withUnsafeContinuation { continuation in
      Thread.detachNewThread { [shell] in
        shell.waitUntilExit()
        continuation.resume()
      }
    }
  }

  /// Ends it with SIGKILL, as a crash would.
  public func kill() async {
    if let id { _ = Foundation.kill(id, SIGKILL) }
    await stop()
  }
}
