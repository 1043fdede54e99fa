import Foundation
import HTTPTypes
import Logging
import Metrics

/// One line and a few counts for each request: the route's template, the status, how long it took, and ids.
/// Never the query string or a path's values, which name people (Hummingbird's own middleware logs the whole
/// URI).
struct RequestLog: Sendable {
  private let route: String
  private let timer: Metrics.Timer
  private let responses: [Counter]

  /// `route` is the method and path template, or "-" for paths that no route has.
  init(route: String) {
    self.route = route
    timer = Metrics.Timer(label: "http_request_duration", dimensions: [("route", route)])
    responses = (1...5).map {
      Counter(label: "http_responses", dimensions: [("route", route), ("status", "\($0)xx")])
    }
  }

  func record(
    _ status: HTTPResponse.Status, since start: ContinuousClock.Instant, requestID: String,
    organization: UUID?,
    to logger: Logger
  ) {
    let duration = (ContinuousClock.now - start).components
    let nanoseconds = duration.seconds * 1_000_000_000 + duration.attoseconds / 1_000_000_000
    timer.recordNanoseconds(nanoseconds)
    responses[min(max(status.code / 100, 1), 5) - 1].increment()
    logger.info(
      "request",
      metadata: [
        "request.id": "\(requestID)", "route": "\(route)", "status": "\(status.code)",
        "duration_us": "\(nanoseconds / 1000)",
        "organization.id": "\(organization?.wire ?? "-")",
      ])
  }
}
