import Foundation
import LocalPostgres

/// A lock on a file, which the system lets go when its process ends, however it ends.
final class ClusterLock: Sendable {
  private let descriptor: Int32

  init(_ path: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw PostgresPrograms.Failure("cannot open \(path): \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  /// Waits for the lock that only one may hold.
  func exclude() { while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {} }
  /// Takes the lock that several may hold.
  func share() { while flock(descriptor, LOCK_SH) != 0 && errno == EINTR {} }
  /// Whether nobody else holds it any more, in which case it is now ours alone.
  func isLastHolder() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
  func release() { _ = flock(descriptor, LOCK_UN) }
}
