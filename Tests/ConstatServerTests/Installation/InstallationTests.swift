import ConstatCore
@testable import ConstatServer
import Foundation
import HTTPTypes
import Logging
import Metrics
import Postgres
import Support
import Synchronization
import Testing

@Suite struct InstallationTests {
  @Test func `a live process says so, a ready one tells its schema`() async throws {
    try await TestServer.run { server in
      #expect(try await server.get("/livez")["status"] == "alive")
      let ready = try await server.get("/readyz")
      #expect(
        ready.status == 200
          && ready["schema_version"] == .integer(Int64(server.app.installation.schemaVersion)))
    }
  }

  @Test func `a process that drains, or whose database is behind, is not ready`() async throws {
    try await TestServer.run { server in
      try await server.asOwner(UUID()) { transaction in
        _ = try await transaction.execute(
          "UPDATE system.schema_migration SET version = version + 1000 WHERE version = 1")
        _ = try await transaction.execute(
          "DELETE FROM system.schema_migration WHERE version < 1000 OR version > 1001")
      }
      #expect(try await server.app.installation.faults(of: server.services.pool).joined().contains("newer"))
      try await server.asOwner(UUID()) { transaction in
        _ = try await transaction.execute("UPDATE system.schema_migration SET version = 1")
      }
      let behind = try await server.get("/readyz")
      #expect(behind.status == 503 && behind["reason"] == "schema-behind")
      #expect(
        try await server.app.installation.faults(of: server.services.pool).joined().contains(
          "constat migrate"))
      server.app.installation.startDraining()
      #expect(try await server.get("/readyz")["reason"] == "draining")
      #expect(try await server.get("/livez").status == 200)
    }
  }

  @Test func `the contract is served as JSON and as a page without scripts`() async throws {
    try await TestServer.run { server in
      #expect(try await server.get("/openapi.json").json == server.contract.document)
      let page = try await server.get("/docs")
      #expect(page.headers[.contentType] == "text/html; charset=utf-8")
      #expect(
        page.text.contains("/v1/contacts/{id}") && !page.text.contains("<script")
          && !page.text.contains("http"))
      for path in server.contract.document["paths"]?.object?.keys ?? [:].keys {
        #expect(page.text.contains("<code>\(path)</code>"), "\(path)")
      }
    }
  }

  @Test func `metrics are Prometheus text, histograms cumulative, labels escaped`() {
    let metrics = PrometheusMetrics()
    let timer = metrics.makeTimer(label: "http_request_duration", dimensions: [("route", "GET /a\"b")])
    timer.recordNanoseconds(2_000_000)
    timer.recordNanoseconds(40_000_000)
    metrics.makeCounter(label: "jobs", dimensions: [("kind", "x")]).increment(by: 3)
    metrics.makeCounter(label: "jobs", dimensions: [("kind", "x")]).increment(by: 1)
    _ = metrics.makeCounter(label: "unseen", dimensions: [])
    let text = metrics.rendered()
    #expect(text.contains("# TYPE constat_http_request_duration_seconds histogram\n"))
    #expect(
      text.contains("constat_http_request_duration_seconds_bucket{route=\"GET /a\\\"b\",le=\"0.0025\"} 1\n"))
    #expect(
      text.contains("constat_http_request_duration_seconds_bucket{route=\"GET /a\\\"b\",le=\"0.05\"} 2\n"))
    #expect(text.contains("constat_http_request_duration_seconds_count{route=\"GET /a\\\"b\"} 2\n"))
    #expect(text.contains("constat_jobs_total{kind=\"x\"} 4.0\n"))
    #expect(!text.contains("unseen"))
  }

  /// What a caller types into a query or a path may name people; the log has templates and ids.
  @Test func `a request's line holds its template and no word of the caller`() throws {
    let lines = LineLog()
    RequestLog(route: "GET /v1/contacts").record(
      .ok, since: .now, requestID: "request-1", organization: UUID(), to: Logger(label: "test") { _ in lines }
    )
    let line = try #require(lines.lines.first)
    #expect(
      line["route"] == "GET /v1/contacts" && line["request.id"] == "request-1" && line["status"] == "200")
    #expect(Set(line.keys) == ["request.id", "route", "status", "duration_us", "organization.id"])
  }
}

/// Keeps the metadata of each line.
private final class LineLog: LogHandler {
  private let kept = Mutex<[[String: String]]>([])
  var lines: [[String: String]] { kept.withLock { $0 } }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }
  var metadataProvider: Logger.MetadataProvider? {
    get { nil }
    set {}
  }
  subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    kept.withLock { $0.append((event.metadata ?? [:]).mapValues(\.description)) }
  }
}
