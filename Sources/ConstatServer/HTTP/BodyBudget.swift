import Foundation
import Synchronization

/// How many bytes of large bodies the process holds at once. What would be more is told to come back: a thousand devices
/// with photos take turns, and its memory stays what it is. Nobody takes more than a share while others may need the
/// rest: beyond a quarter for an organization, and an eighth for one credential, half of the whole stays free for who
/// holds less.
final class BodyBudget: Sendable {
  /// What any request may send without asking; for more, who it is must be known.
  static let small = 64 * 1024

  private enum Holder: Hashable {
    case organization(UUID)
    case credential([UInt8])
  }

  private struct State {
    var free: Int
    var held: [Holder: Int] = [:]
  }

  private let bytes: Int
  private let state: Mutex<State>

  init(bytes: Int) {
    self.bytes = bytes
    state = Mutex(State(free: bytes))
  }

  /// So many bytes, taken from the budget; given back by whoever took them. `own`: what the same body has taken already.
  func take(_ wanted: Int, for token: BearerToken?, holding own: Int = 0) throws -> Int {
    guard wanted > Self.small else { return 0 }
    let shares = shares(of: token)
    let isTaken = state.withLock { state in
      // Whoever holds nothing may have one body, however large it is beside the share.
      let isGreedy = shares.contains { holder, share in
        let held = state.held[holder, default: 0]
        return held > own && held + wanted > share
      }
      guard wanted <= state.free - (isGreedy ? bytes / 2 : 0) else { return false }
      state.free -= wanted
      for (holder, _) in shares { state.held[holder, default: 0] += wanted }
      return true
    }
    guard isTaken else { throw Problem.busy }
    return wanted
  }

  func give(_ taken: Int, of token: BearerToken?) {
    guard taken > 0 else { return }
    let shares = shares(of: token)
    state.withLock { state in
      state.free += taken
      for (holder, _) in shares {
        let held = state.held[holder, default: 0] - taken
        state.held[holder] = held > 0 ? held : nil
      }
    }
  }

  private func shares(of token: BearerToken?) -> [(Holder, Int)] {
    guard let token else { return [] }
    return [(.organization(token.organization), bytes / 4), (.credential(token.secret), bytes / 8)]
  }
}
