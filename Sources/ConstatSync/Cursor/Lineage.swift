import ConstatCore

/// The epochs that a server's history came through. It begins a new one each time that it is restored from a backup, and
/// what was sealed after the backup is then of a history that is not its own.
public struct Lineage: Sendable, Hashable {
  /// The present one.
  public let epoch: String
  /// Of each earlier epoch, the last version that this history has in common with it.
  public let forks: [String: Int64]

  public init(epoch: String, forks: [String: Int64] = [:]) {
    self.epoch = epoch
    self.forks = forks
  }

  /// Whether a version that the server named in an epoch is in this history still.
  public func holds(_ version: Int64, of epoch: String) -> Bool {
    epoch == self.epoch || forks[epoch].map { version <= $0 } ?? false
  }
}
