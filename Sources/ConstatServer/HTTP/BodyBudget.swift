import Synchronization

/// How many bytes of large bodies the process holds at once. What would be more is told to come back: a thousand devices
/// with photos take turns, and its memory stays what it is.
final class BodyBudget: Sendable {
  /// What any request may send without asking; for more, who it is must be known.
  static let small = 64 * 1024
  private let free: Mutex<Int>

  init(bytes: Int) { free = Mutex(bytes) }

  /// So many bytes, taken from the budget; given back by whoever took them.
  func take(_ bytes: Int) throws -> Int {
    guard bytes > Self.small else { return 0 }
    let isTaken = free.withLock { free in
      guard bytes <= free else { return false }
      free -= bytes
      return true
    }
    guard isTaken else { throw Problem.busy }
    return bytes
  }

  func give(_ bytes: Int) {
    if bytes > 0 { free.withLock { $0 += bytes } }
  }
}
