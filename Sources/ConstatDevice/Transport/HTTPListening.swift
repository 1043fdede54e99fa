import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One answer of which each part is passed on as it comes. `URLSession.bytes` would do, but is Apple's alone.
final class HTTPListening: NSObject, URLSessionDataDelegate, Sendable {
  private struct State: Sendable {
    var opened: CheckedContinuation<Transport.Listening, any Error>?
    var parts: AsyncThrowingStream<[UInt8], any Error>.Continuation?
    /// Of an answer that is not a stream.
    var refusal: (status: Int, retryAfter: Int?, body: [UInt8])?
    /// Nobody waits for it any more.
    var isGivenUp = false
  }

  private let state = Mutex(State())

  /// `timeoutSeconds` without a byte end it: the server says something more often than that.
  static func open(_ request: URLRequest, timeoutSeconds: Double) async throws -> Transport.Listening {
    try Task.checkCancellation()
    let delegate = HTTPListening()
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeoutSeconds
    let session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
    // Made before anything can cancel it: a session that was invalidated does not refuse to make a task, it crashes.
    let task = session.dataTask(with: request)
    session.finishTasksAndInvalidate()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { delegate.begin(task, $0) }
    } onCancel: {
      delegate.giveUp(task)
    }
  }

  private func begin(
    _ task: URLSessionTask, _ continuation: CheckedContinuation<Transport.Listening, any Error>
  ) {
    let isGivenUp = state.withLock { state in
      if !state.isGivenUp { state.opened = continuation }
      return state.isGivenUp
    }
    guard isGivenUp else { return task.resume() }
    // Of a task that never ran no answer can meet this.
    task.cancel()
    continuation.resume(throwing: CancellationError())
  }

  /// On Linux the connection stays until its next byte: `URLSession` crashes there where a cancellation meets the end of
  /// the answer ("not in the registry").
  private func giveUp(_ task: URLSessionTask) {
    let opened = state.withLock { state in
      state.isGivenUp = true
      defer { state.opened = nil }
      return state.opened
    }
    opened?.resume(throwing: CancellationError())
    #if !canImport(FoundationNetworking)
      task.cancel()
    #endif
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    let http = response as? HTTPURLResponse
    let isStream = http?.statusCode == 200 && response.mimeType == "text/event-stream"
    guard isStream else {
      let retryAfter = http?.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) }
      state.withLock { $0.refusal = (http?.statusCode ?? 0, retryAfter, []) }
      return completionHandler(.allow)
    }
    let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
    let opened = state.withLock { state in
      state.parts = continuation
      defer { state.opened = nil }
      return state.opened
    }
    guard let opened else { return completionHandler(.cancel) }
    continuation.onTermination = { [weak self] end in
      if case .cancelled = end { self?.giveUp(dataTask) }
    }
    opened.resume(returning: .stream(stream))
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let (parts, isGivenUp) = state.withLock { state in
      state.refusal?.body += Array(data)
      return (state.parts, state.isGivenUp)
    }
    if isGivenUp { dataTask.cancel() } else { parts?.yield(Array(data)) }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let (opened, parts, refusal) = state.withLock { state in
      defer { state.opened = nil }
      return (state.opened, state.parts, state.refusal)
    }
    parts?.finish(throwing: error.map { TransportError("the connection ended: \(($0 as NSError).code)") })
    if let refusal, error == nil {
      opened?.resume(
        returning: .answer(
          .init(status: refusal.status, body: refusal.body, retryAfterSeconds: refusal.retryAfter)))
    } else {
      opened?.resume(throwing: TransportError("no answer: \((error as NSError?)?.code ?? 0)"))
    }
  }
}
