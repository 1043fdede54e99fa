import Synchronization

/// The time that a simulation lasts: as long as was asked for, and up to four times that where the machine is too busy for
/// what was to happen: a day on which nothing happened proves nothing.
final class Day: Sendable {
  private struct State {
    /// Which each happen at least once.
    var awaited: Set<Trouble>
    var edits: Int
    var photos: Int
  }

  private let half: ContinuousClock.Instant
  private let end: ContinuousClock.Instant
  private let latest: ContinuousClock.Instant
  private let state: Mutex<State>

  init(_ plan: SimulationPlan) {
    let start = ContinuousClock.now
    half = start + .seconds(plan.seconds) / 2
    end = start + .seconds(plan.seconds)
    latest = start + .seconds(plan.seconds * 4)
    state = Mutex(
      State(
        awaited: plan.troubles.intersection([.restore, .apiKills, .postgresKills, .withholding]),
        edits: min(plan.seconds, 10) * plan.devices, photos: plan.devices))
  }

  var isHalfOver: Bool { ContinuousClock.now >= half }
  var isLate: Bool { ContinuousClock.now >= latest }
  var isOver: Bool {
    let isFull = state.withLock { $0.awaited.isEmpty && $0.edits <= 0 && $0.photos <= 0 }
    return ContinuousClock.now >= end && isFull || isLate
  }

  func saw(_ trouble: Trouble) { state.withLock { _ = $0.awaited.remove(trouble) } }
  func saw(edits: Int = 0, photos: Int = 0) {
    state.withLock {
      $0.edits -= edits
      $0.photos -= photos
    }
  }
}
