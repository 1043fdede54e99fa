import ConstatSync

/// Lets one sync run at a time, in the order that they were asked for: a second one also sends what was typed while
/// the first ran.
actor SyncQueue {
  private var last: Task<Void, Never>?
  private var session: (enrolment: Enrolment, session: DeviceSession)?

  func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let previous = last
    let task = Task {
      await previous?.value
      try Task.checkCancellation()
      return try await body()
    }
    last = Task { _ = await task.result }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// The device's session, whose token outlives a sync.
  func session(
    _ enrolment: Enrolment, transport: Transport, environment: DeviceEnvironment
  ) -> DeviceSession {
    if let session, session.enrolment == enrolment { return session.session }
    let fresh = DeviceSession(transport: transport, enrolment: enrolment, now: environment.now)
    session = (enrolment, fresh)
    return fresh
  }
}
