import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

@Suite struct LimitTests {
  @Test func `a push holds at most five hundred mutations, and a page at most five hundred events`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      func edits(_ count: Int) -> [Mutation] {
        device.seq = 0
        return (0..<count).map { number in
          device.mutation(
            .dossier, work.dossier.uuidString, in: work.dossier, set: ["door": .string("\(number)")],
            was: ["door": number == 0 ? .null : .string("\(number - 1)")])
        }
      }
      let over = try await device.push(edits(501))
      #expect(over.isProblem(422, "invalid-fields") && over.faults == ["/mutations too-many"], "\(over.text)")
      let full = try await device.push(edits(500))
      #expect(full["lmid"] == 500 && full["results"].array?.allSatisfy { $0["status"] == "applied" } == true)
      for limit in [0, 501] {
        let page = try await server.post(
          "/v1/sync/pull", as: device.token, PullRequest(cursor: nil, limit: limit).json)
        #expect(page.isProblem(422, "invalid-fields") && page.faults == ["/limit out-of-range"])
      }
    }
  }

  @Test func `a page ends where it grows beyond a mebibyte, and the next goes on from there`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (organization, marc) = (work.org.id, work.org.marc.id)
      try await server.asOwner(organization) { transaction in
        _ = try await transaction.execute(
          """
          INSERT INTO dossier (organization_id, id, number, nature, status, notes, created_by)
          SELECT \(organization), gen_random_uuid(), n + 10, 'sale_rental_management', 'scheduled',
            repeat('à la cave ', 900), 'sql:test' FROM generate_series(1, 150) n
          """)
        _ = try await transaction.execute(
          """
          INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
          SELECT organization_id, gen_random_uuid(), id, \(marc), '2026-12-01T08:00Z', '2026-12-01T10:00Z',
            'Europe/Paris' FROM dossier WHERE organization_id = \(organization) AND number > 10
          """)
      }
      let device = try await work.enrol(work.org.marc)
      let first = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: nil).json)
      #expect(first["more"] == true && first.body.count < SyncLimits.pageBytes + 4096)
      #expect((first["events"].array?.count ?? 0) > 50)
      try await device.pull()
      #expect(device.rows.filter { $0.key.type == .dossier }.count == 151)
      #expect(device.rows.filter { $0.key.type == .appointment }.count == 151)
    }
  }

  @Test func `a device that has held an edit for more than a day is shown as stuck, until it pushes`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      let now = server.services.clock.now()
      let report = DeviceReport(unsentCount: 2, oldestUnsentAt: now.adding(seconds: -2 * 86_400), clock: now)
      let pull = PullRequest(cursor: nil, report: report)
      #expect(try await server.post("/v1/sync/pull", as: device.token, pull.json).status == 200)
      let path = "/v1/devices/\(device.id)"
      let held = try await server.get(path, as: work.org.office.token)
      #expect(
        held["stuck"] == true && held["unsent_count"] == 2 && held["clock_skew_seconds"].isNull,
        "\(held.text)")
      #expect(held["schema"] == .integer(Int64(SchemaRange.current.maximum)))
      try await device.pull()
      let edit = device.mutation(
        .dossier, work.dossier.uuidString, in: work.dossier, set: ["door": "B"], was: ["door": .null])
      for (unsent, stuck) in [(2, true), (1, false)] {
        var next = edit
        next.seq = unsent == 2 ? 1 : 2
        next.was = unsent == 2 ? edit.was : ["door": "B"]
        var said = report
        said.unsentCount = unsent
        let push = PushRequest(device: device.id, mutations: [next], report: said)
        let answer = try await server.post("/v1/sync/push", as: device.token, push.json)
        #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
        let shown = try await server.get(path, as: work.org.office.token)
        #expect(shown["stuck"] == .bool(stuck) && shown["unsent_count"] == .integer(Int64(unsent - 1)))
      }
      let others = try await server.get("/v1/devices?stuck=false", as: work.org.office.token)
      #expect(others["items"].array?.count == 1)
    }
  }
}
