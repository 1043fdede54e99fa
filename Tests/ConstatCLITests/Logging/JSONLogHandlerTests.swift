@testable import ConstatCLI
import ConstatCore
import Logging
import Testing

@Suite struct JSONLogHandlerTests {
  private func line(_ metadata: Logger.Metadata, _ message: Logger.Message = "request") throws -> JSONValue {
    var handler = JSONLogHandler(label: "constat", level: .info)
    handler[metadataKey: "service"] = "api"
    let event = LogEvent(
      level: .info, message: message, metadata: metadata, source: "test", file: "", function: "", line: 0)
    let text = handler.line(event, at: try #require(Instant("2026-11-22T01:02:03Z")))
    #expect(text.hasSuffix("}\n") && text.filter { $0 == "\n" }.count == 1, "one line each")
    return try JSONValue.parse(Array(text.utf8.dropLast()))
  }

  @Test func `a line is JSON in UTC with the keys that are known to be harmless`() throws {
    let line = try line(["request.id": "r-1", "status": "200"])
    #expect(line["at"] == "2026-11-22T01:02:03Z" && line["level"] == "info" && line["message"] == "request")
    #expect(line["request.id"] == "r-1" && line["status"] == "200" && line["service"] == "api")
  }

  @Test func `metadata under any other key is left out and counted`() throws {
    let line = try line(["email": "jeanne@example.test", "authorization": "Bearer x", "route": "GET /v1/me"])
    #expect(line["route"] == "GET /v1/me" && line["dropped_keys"] == "2")
    #expect(!"\(line)".contains("jeanne") && !"\(line)".contains("Bearer"))
  }

  @Test func `a value cannot break out of its line`() throws {
    let line = try line(["route": "x\",\"level\":\"none\n{}"])
    #expect(line["route"] == "x\",\"level\":\"none\n{}" && line["level"] == "info")
  }
}
