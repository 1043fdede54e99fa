import ArgumentParser
import UnixSignals

/// Ctrl-C and SIGTERM for work that is not a service: it is cancelled and waited for, so that what was opened
/// around it is closed.
enum Signals {
  static func ending(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return true
      }
      group.addTask {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return false }
        return true
      }
      let isDone = try await group.next() ?? true
      group.cancelAll()
      guard isDone else {
        while (try? await group.next()) != nil {}
        throw ExitCode(130)
      }
    }
  }
}
