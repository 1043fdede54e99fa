import ConstatDevice
import Synchronization

/// The technician's network: on, off, or worst of all, carrying requests and losing their answers.
final class FlakyNetwork: Sendable {
  private struct State {
    var isUp = true
    var answersToLose = 0
    var lost = 0
  }

  private let state = Mutex(State())
  private let real: Transport

  init(_ real: Transport) { self.real = real }

  var isUp: Bool {
    get { state.withLock { $0.isUp } }
    set { state.withLock { $0.isUp = newValue } }
  }

  /// Of the next pushes.
  func loseNextPushAnswer() { state.withLock { $0.answersToLose += 1 } }

  var lost: Int { state.withLock { $0.lost } }

  var transport: Transport {
    Transport { request in
      guard self.isUp else { throw TransportError("no network in the cellar") }
      let answer = try await self.real.send(request)
      let isLost = self.state.withLock { state in
        guard request.path.hasSuffix("/sync/push"), state.answersToLose > 0 else { return false }
        state.answersToLose -= 1
        state.lost += 1
        return true
      }
      if isLost { throw TransportError("the answer was lost on its way") }
      return answer
    }
  }
}
