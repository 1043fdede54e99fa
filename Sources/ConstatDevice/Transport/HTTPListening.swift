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
  }

  private let state = Mutex(State())

  /// `timeoutSeconds` without a byte end it: the server says something more often than that.
  static func open(_ request: URLRequest, timeoutSeconds: Double) async throws -> Transport.Listening {
    let delegate = HTTPListening()
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeoutSeconds
    let session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        delegate.state.withLock { $0.opened = continuation }
        session.dataTask(with: request).resume()
        session.finishTasksAndInvalidate()
      }
    } onCancel: {
      session.invalidateAndCancel()
    }
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
    continuation.onTermination = { _ in dataTask.cancel() }
    let opened = state.withLock { state in
      state.parts = continuation
      defer { state.opened = nil }
      return state.opened
    }
    opened?.resume(returning: .stream(stream))
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let parts = state.withLock { state in
      state.refusal?.body += Array(data)
      return state.parts
    }
    parts?.yield(Array(data))
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
