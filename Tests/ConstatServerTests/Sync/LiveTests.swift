import ConstatCore
@testable import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// Live events: who is told of what, and until when.
@Suite struct LiveTests {
  /// One listener as the route makes it.
  private struct Ear {
    private var messages: AsyncStream<[UInt8]>.Iterator

    init(_ work: FieldWork, technician: UUID?, token: String) async throws {
      let head = try await work.server.owner.pipeline([
        PrincipalStore.enter(work.org.id, actor: "test"),
        "SELECT version FROM system.tenant_sync WHERE organization_id = \(work.org.id)",
      ])
      let version: Int64 = try #require(try head[1].value())
      let credential = try #require(BearerToken(token)).hash
      messages = work.server.app.live.listen(
        work.org.id, technician: technician, credential: credential, at: version
      ).makeAsyncIterator()
      #expect(await next() == version)
    }

    /// The version of the next poke; nil at the end.
    mutating func next() async -> Int64? {
      guard let bytes = await messages.next(isolation: nil) else { return nil }
      return String(decoding: bytes, as: UTF8.self).split(separator: "\"v\":").last.flatMap {
        Int64($0.prefix { $0.isNumber })
      }
    }
  }

  @Test func `the office hears of everything, a device of what it can pull (MIS-33)`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (marc, nadia) = (try await work.enrol(work.org.marc), try await work.enrol(work.org.nadia))
      var office = try await Ear(work, technician: nil, token: work.org.office.token)
      var mine = try await Ear(work, technician: work.org.marc.id, token: marc.token)
      var hers = try await Ear(work, technician: work.org.nadia.id, token: nadia.token)

      // Who waits is told the first version that concerns them: one too early would be seen.
      async let first = mine.next()
      _ = try await server.contact("Larralde", as: work.org)
      let elsewhere = await office.next()
      async let second = office.next()
      try await server.patch(
        "/v1/dossiers/\(work.dossier)", as: work.org.office.token, ["street": "2 rue Neuve"])
      let (told, known) = (await first, await second)
      #expect(told != nil && told == known && told != elsewhere)

      async let third = mine.next()
      try await server.patch("/v1/contacts/\(work.owner)", as: work.org.office.token, ["phone": "0601020304"])
      let shared = await office.next()
      #expect(await third == shared)

      async let fourth = mine.next()
      async let fifth = hers.next()
      try await server.patch(
        "/v1/appointments/\(work.appointment)", as: work.org.office.token,
        ["technician_id": .string(work.org.nadia.wire)])
      let moved = await office.next()
      #expect(await fourth == moved)
      #expect(await fifth == moved)
    }
  }

  @Test func `a stream ends when its session, its device or the server does`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      var office = try await Ear(work, technician: nil, token: work.org.office.token)
      var accountant = try await Ear(work, technician: nil, token: work.org.accountant.token)
      var mine = try await Ear(work, technician: work.org.marc.id, token: device.token)
      #expect(server.app.live.count == 3)

      try await server.delete("/v1/devices/\(device.id)", as: work.org.office.token)
      while await mine.next() != nil {}
      let answer = try await server.get("/v1/sync/events", as: device.token)
      #expect(answer.status == 403 && answer["code"] == "device-revoked")
      #expect(answer["wipe_after_push"] == true)

      #expect(try await server.post("/v1/auth/logout", as: work.org.office.token).status == 204)
      while await office.next() != nil {}

      server.app.live.close()
      while await accountant.next() != nil {}
      #expect(server.app.live.count == 0)
    }
  }

  @Test func `who asks instead of listening is answered once there is something new, and not before`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let known = device.version
      let behind = try await server.get("/v1/sync/events?after=0", as: device.token)
      #expect(behind.status == 200 && (1...known).contains(behind["v"].integer ?? 0), "\(behind.text)")

      // What changes elsewhere is news to the office alone; the device goes on waiting.
      async let mine = server.get("/v1/sync/events?after=\(known)", as: device.token)
      while server.app.live.count == 0 { await Task.yield() }
      _ = try await server.contact("Larralde", as: work.org)
      let office = try await server.get("/v1/sync/events?after=\(known)", as: work.org.office.token)
      #expect(office["v"] == .integer(known + 1), "\(office.text)")
      try await server.patch(
        "/v1/dossiers/\(work.dossier)", as: work.org.office.token, ["street": "2 rue Neuve"])
      #expect(try await mine["v"] == .integer(known + 2))

      async let idle = server.get("/v1/sync/events?after=\(known + 2)", as: device.token)
      while server.app.live.count == 0 { await Task.yield() }
      server.app.live.close()
      #expect(try await idle.status == 204)
      #expect(try await server.get("/v1/sync/events?after=-1", as: device.token).status == 400)
    }
  }

  @Test func `only staff and devices listen`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let client = try await server.clientContact(work.org, "client", mainAccount: nil).token
      #expect(try await server.get("/v1/sync/events").status == 401)
      #expect(try await server.get("/v1/sync/events", as: client).status == 403)
      #expect(try await server.get("/v1/sync/events?since=1", as: work.org.office.token).status == 400)
    }
  }

  @Test func `a reader that is slow holds one message, and it is the last`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      var office = try await Ear(work, technician: nil, token: work.org.office.token)
      var witness = try await Ear(work, technician: nil, token: work.org.accountant.token)
      var last: Int64?
      for number in 1...3 {
        async let heard = witness.next()
        try await server.patch(
          "/v1/dossiers/\(work.dossier)", as: work.org.office.token,
          ["street": .string("\(number) rue Neuve")])
        last = await heard
      }
      #expect(last != nil)
      // The hub tells all its listeners in one step, which the witness may hear of in the middle: asking it waits for the
      // end.
      #expect(server.app.live.count == 2)
      #expect(await office.next() == last)
    }
  }
}
