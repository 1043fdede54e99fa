import Dispatch
import Foundation
import Synchronization

/// The one place where passwords are hashed: beside the cooperative pool, as many at once as there are cores, with a
/// short line behind them. Who comes later is told to come back (503), so that a burst of sign-ins cannot starve the
/// rest of the server.
final class PasswordHashing: Sendable {
  private struct State {
    var running = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let cores: Int
  private let lineLimit: Int

  init(cores: Int = ProcessInfo.processInfo.activeProcessorCount) {
    self.cores = cores
    lineLimit = 4 * cores
  }

  func hash(_ password: String) async throws -> String {
    try await run { PasswordHash.make(password) }
  }

  func matches(_ password: String, _ stored: String?) async throws -> Bool {
    try await run { PasswordHash.matches(password, stored) }
  }

  func run<T: Sendable>(_ work: @escaping @Sendable () -> T) async throws -> T {
    guard state.withLock({ $0.running < cores || $0.waiting.count < lineLimit }) else { throw Problem.busy }
    await enter()
    defer { leave() }
    return await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: work()) }
    }
  }

  private func enter() async {
    await withCheckedContinuation { continuation in
      let enters = state.withLock { state in
        guard state.running >= cores else {
          state.running += 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if enters { continuation.resume() }
    }
  }

  /// Hands the place to the next in line.
  private func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
      state.running -= 1
      return nil
    }
    next?.resume()
  }
}
