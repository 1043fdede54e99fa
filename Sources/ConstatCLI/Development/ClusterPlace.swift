import Foundation
import LocalPostgres

/// Where a development cluster lives: a directory that its account can reach, and a socket whose path is
/// short enough.
struct ClusterPlace: Sendable {
  let directory: String
  let socketDirectory: String
  let account: UnprivilegedAccount?

  var data: String { directory + "/data" }
  var log: String { directory + "/log" }

  /// Under `wanted` where possible. Root's own home is closed to the account that must run the server: then
  /// the data goes to /var/lib/constat-dev, and `wanted` becomes a link to it.
  init(wanted: String, say: (String) -> Void) throws {
    account = UnprivilegedAccount.needed
    let files = FileManager.default
    try files.createDirectory(
      atPath: (wanted as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    var directory = wanted
    if let target = try? files.destinationOfSymbolicLink(atPath: wanted) { directory = target }
    try Self.make(directory, for: account)
    if let account, !Self.canReach(directory, account) {
      try? files.removeItem(atPath: wanted)
      let name = wanted.split(separator: "/").dropLast(2).joined(separator: "-")
      directory = "/var/lib/constat-dev/\(name)"
      try files.createDirectory(
        atPath: "/var/lib/constat-dev", withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o755])
      try Self.make(directory, for: account)
      try files.createSymbolicLink(atPath: wanted, withDestinationPath: directory)
      say(
        "The account \(account.name), which runs PostgreSQL for root, cannot enter \(wanted): data goes to \(directory)."
      )
    }
    self.directory = directory
    socketDirectory = try Self.socketDirectory(near: directory, for: account)
  }

  private static func make(_ directory: String, for account: UnprivilegedAccount?) throws {
    if !FileManager.default.fileExists(atPath: directory) {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try account?.own(directory)
    }
    guard account == nil, !FileManager.default.isWritableFile(atPath: directory) else { return }
    throw PostgresPrograms.Failure(
      "\(directory) belongs to another user (was it made as root?): remove it, or run as that user")
  }

  private static func canReach(_ directory: String, _ account: UnprivilegedAccount) -> Bool {
    (try? PostgresPrograms.runToEnd(account.prefix + ["/usr/bin/test", "-w", directory])) != nil
  }

  /// A socket's path may have 107 bytes (sockaddr_un); a deep directory takes a short one under /tmp instead.
  private static func socketDirectory(near directory: String, for account: UnprivilegedAccount?) throws
    -> String
  {
    if directory.utf8.count + "/.s.PGSQL.5432".utf8.count <= 100 { return directory }
    // FNV-1a: the same directory finds the same socket again.
    let hash = directory.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let short = "/tmp/constat-\(getuid())-\(String(hash, radix: 36))"
    if mkdir(short, 0o700) == 0 {
      try account?.own(short)
      return short
    }
    var status = stat()
    let owner = account.flatMap { getpwnam($0.name)?.pointee.pw_uid } ?? getuid()
    guard lstat(short, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == owner,
      status.st_mode & 0o077 == 0
    else { throw PostgresPrograms.Failure("\(short) is in the way: remove it") }
    return short
  }
}
