import Synchronization

/// Work that a cancelled caller does not wait for, and that itself is not cancelled: it ends when it does, and nobody
/// hears of it. For `URLSession` on Linux, which crashes or never answers where a cancellation meets the answer.
final class Abandonable<Value: Sendable>: Sendable {
  private struct State: Sendable {
    var waiting: CheckedContinuation<Value, any Error>?
    var outcome: Result<Value, any Error>?
  }

  private let state = Mutex(State())

  static func run(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try Task.checkCancellation()
    let race = Abandonable()
    Task {
      do { race.end(.success(try await work())) } catch { race.end(.failure(error)) }
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { race.wait($0) }
    } onCancel: {
      race.end(.failure(CancellationError()))
    }
  }

  private func wait(_ continuation: CheckedContinuation<Value, any Error>) {
    let outcome = state.withLock { state in
      if state.outcome == nil { state.waiting = continuation }
      return state.outcome
    }
    if let outcome { continuation.resume(with: outcome) }
  }

  /// The first end counts.
  private func end(_ outcome: Result<Value, any Error>) {
    let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
      guard state.outcome == nil else { return nil }
      state.outcome = outcome
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume(with: outcome)
  }
}
