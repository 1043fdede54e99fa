import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Gzip
import HTTPTypes
import Support
import Testing

@Suite struct ContentCodingTests {
  @Test func `a push comes in gzip and counts as the plain one`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let edit = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier,
        set: ["notes": .string(String(repeating: "é", count: 900))],
        was: ["notes": .null])
      let body = PushRequest(device: device.id, mutations: [edit]).json.serialized()
      let packed = Gzip.compressed(body)
      #expect(packed.count * 2 < body.count)
      let answer = try await server.send(
        .post, "/v1/sync/push", as: device.token, bytes: packed, headers: [.contentEncoding: "gzip"])
      #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
      let plain = try await server.send(.post, "/v1/sync/push", as: device.token, bytes: body)
      #expect(plain["results"].array?.first?["replayed"] == true, "\(plain.text)")
    }
  }

  @Test func `what is packed counts for what it may unpack to, however short it is`() async throws {
    try await TestServer.run(bodyBytes: 1_500_000) { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      func push(_ bytes: Int) async throws -> TestServer.Answer {
        let spaces = String(repeating: " ", count: bytes)
        let body = Array("{\"device\":\"\(device.id)\",\"mutations\":[]\(spaces)}".utf8)
        return try await server.send(
          .post, "/v1/sync/push", as: device.token, bytes: Gzip.compressed(body),
          headers: [.contentEncoding: "gzip"])
      }
      for _ in 0..<3 {
        #expect(try await push(4_000_000).isProblem(503, "busy"))
        #expect(try await push(100).status == 200)
      }
    }
  }

  @Test func `an answer is packed where the caller takes gzip and it is large enough`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      func pull(_ cursor: String?, _ accept: String?) async throws -> TestServer.Answer {
        try await server.send(
          .post, "/v1/sync/pull", as: device.token, bytes: PullRequest(cursor: cursor).json.serialized(),
          headers: accept.map { [.acceptEncoding: $0] } ?? [:])
      }
      let plain = try await pull(nil, nil)
      #expect(plain.headers[.contentEncoding] == nil && plain.body.count > 2_000)
      for accept in ["gzip", "deflate, gzip;q=0.5", "br;q=1, *", "GZIP , identity;q=0"] {
        let packed = try await pull(nil, accept)
        #expect(
          packed.headers[.contentEncoding] == "gzip" && packed.headers[.vary] == "Accept-Encoding",
          "\(accept)")
        #expect(packed["events"] == plain["events"] && packed.receivedBytes * 3 < plain.body.count)
      }
      for accept in ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0.000, *"] {
        #expect(try await pull(nil, accept).headers[.contentEncoding] == nil, "\(accept)")
      }
      let idle = try await pull(plain["cursor"].string, "gzip")
      #expect(idle.headers[.contentEncoding] == nil && idle["events"].array?.isEmpty == true)
    }
  }

  @Test func `what was packed unpacks to the same, and never to more than the limit`() throws {
    var random = SystemRandomNumberGenerator()
    for size in [0, 1, 65_535, 65_536, 200_000] {
      let bytes = (0..<size).map { _ in UInt8.random(in: 0...40, using: &random) }
      #expect(try Gzip.inflated(Gzip.compressed(bytes), limit: size) == bytes)
      if size > 0 {
        #expect(throws: Gzip.Failure.tooLarge(limit: size - 1)) {
          try Gzip.inflated(Gzip.compressed(bytes), limit: size - 1)
        }
      }
    }
  }
}
