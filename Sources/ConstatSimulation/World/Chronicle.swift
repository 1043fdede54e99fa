import Synchronization

/// Which stretches of the day the server has forgotten. A stretch ends with each backup and with each restore; what was
/// written between a backup and its restore is gone from the server. Devices bring their part of it back, the office
/// cannot.
final class Chronicle: Sendable {
  private struct State {
    var stretch = 0
    /// The stretch that the backup which is kept does not have.
    var unsaved: Int?
    var lost: Set<Int> = []
    var news = 0
  }

  private let state = Mutex(State())

  /// The number of the stretch that it is now.
  var now: Int { state.withLock(\.stretch) }

  /// True once something was forgotten: devices and dossiers may be unknown from then on.
  var hasForgotten: Bool { state.withLock { !$0.lost.isEmpty } }

  /// True once devices were told of some edits that the server has, and the backup has not: a restore that loses nothing
  /// would prove nothing.
  var hasNews: Bool { state.withLock { $0.news >= 5 } }

  /// To be told where a device hears that what it typed since this stretch began is settled.
  func settle(typedIn stretch: Int) {
    state.withLock { if stretch == $0.stretch { $0.news += 1 } }
  }

  /// To be told before a backup begins: all that was acknowledged until now will be in it.
  func backUp() {
    state.withLock { state in
      state.stretch += 1
      state.unsaved = state.stretch
      state.news = 0
    }
  }

  /// To be told while nobody can write, the old data gone and the backup not yet in use.
  func restored() {
    state.withLock { state in
      guard let unsaved = state.unsaved else { return }
      state.lost.insert(unsaved)
      state.unsaved = nil
      state.stretch += 1
    }
  }

  /// Whether one of these stretches is forgotten: what was sent and answered within them may be gone.
  func hasForgotten(_ stretches: ClosedRange<Int>) -> Bool {
    state.withLock { $0.lost.contains(where: stretches.contains) }
  }
}
