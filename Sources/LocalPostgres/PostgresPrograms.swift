public import Foundation

/// PostgreSQL's own programs on this machine, for servers that we run ourselves: those of tests and of
/// development.
public struct PostgresPrograms: Sendable {
  /// Where `initdb`, `pg_ctl` and `postgres` are.
  public let directory: String

  /// A program that could not be found, or did not do what it was asked; worded for the person at the
  /// terminal.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
  }

  /// The newest installation: on the path, or where Debian, Homebrew and Postgres.app put it. `version`, such
  /// as "15", asks for that major version, which an existing data directory needs.
  public static func find(version: String? = nil) throws -> PostgresPrograms {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    var candidates = version == nil ? path.split(separator: ":").map(String.init) : []
    for parent in ["/usr/lib/postgresql", "/Applications/Postgres.app/Contents/Versions"] {
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
      let newestFirst = versions.sorted { $0.compare($1, options: .numeric) == .orderedDescending }
      candidates += newestFirst.filter { version == nil || $0 == version }.map { "\(parent)/\($0)/bin" }
    }
    for prefix in ["/opt/homebrew/opt", "/usr/local/opt"] {
      candidates.append("\(prefix)/postgresql@\(version ?? "15")/bin")
    }
    if version != nil { candidates += path.split(separator: ":").map(String.init) }
    guard
      let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") })
    else { throw Failure("initdb not found: install PostgreSQL \(version ?? "15") or put it on the path") }
    return PostgresPrograms(directory: found)
  }

  public func program(_ name: String) -> String { "\(directory)/\(name)" }

  /// `initdb` with the superuser `postgres`, who is trusted on the socket: whoever reaches the socket's
  /// directory is let in, so that directory is closed to others.
  public func initialise(_ data: String, as account: UnprivilegedAccount?, durable: Bool) throws {
    let locale = FileManager.default.fileExists(atPath: "/etc/debian_version") ? "C.UTF-8" : "en_US.UTF-8"
    let arguments = [
      program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=\(locale)",
      "--no-instructions",
    ]
    try Self.runToEnd(account.prefixed(arguments + (durable ? [] : ["--no-sync"])))
  }

  /// Runs a command that ends by itself; a failure carries what it wrote. `Process` does not do for `pg_ctl`:
  /// it takes a command for running as long as a server that it left behind holds an inherited descriptor.
  public static func runToEnd(_ command: [String]) throws {
    let output = "/tmp/constat-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).out"
    defer { unlink(output) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // From the root directory, since the command's account may not be allowed into ours.
    let words = ["/bin/sh", "-c", "cd / && exec \"$@\"", "sh"] + command
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let spawned = posix_spawn(&child, "/bin/sh", &actions, nil, arguments, environ)
    guard spawned == 0 else { throw Failure("\(command[0]): \(String(cString: strerror(spawned)))") }
    var status: Int32 = 0
    while waitpid(child, &status, 0) == -1 && errno == EINTR {}
    guard status == 0 else {
      let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
      throw Failure("\(command.joined(separator: " ")) failed. \(text)")
    }
  }

  public static func process(_ command: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: "/")
    return process
  }
}

/// Whom a server runs as when the program itself is root: `initdb` and `postgres` refuse root.
public struct UnprivilegedAccount: Sendable {
  public let name: String
  private let group: gid_t

  /// `postgres` where there is one, else `nobody`; nil when the program is not root and runs servers as
  /// itself.
  public static var needed: UnprivilegedAccount? {
    guard getuid() == 0 else { return nil }
    for name in ["postgres", "nobody"] {
      if let entry = getpwnam(name) { return UnprivilegedAccount(name: name, group: entry.pointee.pw_gid) }
    }
    return nil
  }

  /// Gives the account a file or directory.
  public func own(_ path: String) throws { try PostgresPrograms.runToEnd(["/bin/chown", name, path]) }

  public var prefix: [String] {
    ["/usr/bin/setpriv", "--reuid=\(name)", "--regid=\(group)", "--clear-groups"]
  }
}

extension UnprivilegedAccount? {
  /// The command as the account runs it, or as it is when there is no need of one.
  public func prefixed(_ command: [String]) -> [String] { (self?.prefix ?? []) + command }
}

/// Runs blocking work on a thread of its own.
public func inBackground<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
  try await withUnsafeThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}
