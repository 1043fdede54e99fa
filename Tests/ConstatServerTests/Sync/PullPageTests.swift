import ConstatCore
@testable import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

@Suite struct PullPageTests {
  @Test
  func `what a device is told does not depend on where its news are looked for, wherever its cursor stands`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      func outbuilding(_ dossier: UUID) async throws -> String {
        try await server.made(
          server.post("/v1/dossiers/\(dossier.wire)/outbuildings", as: office, ["kind": "cellar"]))
      }
      let cellars = try await [outbuilding(work.dossier), outbuilding(work.dossier)]
      // Away, and back without one of its rows; another's contact changes meanwhile, and one becomes shared.
      try await work.reassign(to: work.org.nadia.id)
      _ = try await server.delete("/v1/outbuildings/\(cellars[0])", as: office)
      let buyer = try await server.made(
        server.post("/v1/contacts", as: office, ["kind": "individual", "last_name": "Iriart"]))
      try await work.reassign(to: work.org.marc.id)
      _ = try await server.patch("/v1/contacts/\(work.owner.wire)", as: office, ["phone": "0559111111"])
      _ = try await server.patch(
        "/v1/dossiers/\(work.dossier.wire)", as: office, ["buyer_id": .string(buyer)])
      _ = try await server.patch("/v1/outbuildings/\(cellars[1])", as: office, ["comment": "Sèche"])
      try await work.reassign(to: work.org.nadia.id)

      for person in [work.org.marc, work.org.nadia] {
        let ways = try await server.asOwner(work.org.id) { transaction in
          _ = try await transaction.query("SELECT set_config('app.account_id', \(person.id.wire), true)")
          let latest = try await transaction.value(
            Int64.self, "SELECT version FROM system.tenant_sync WHERE organization_id = \(work.org.id)")
          let store = PullStore(organization: work.org.id)
          var ways: [(near: [String], far: [String])] = []
          for version in 0...(latest ?? 0) {
            var ends: [[String]] = []
            for isFar in [false, true] {
              let page = store.page(.init(position: .end(of: version), isFar: isFar), limit: 500)
              let events = try await transaction.query(page).dropFirst()
              ends.append(try events.map { try $0.get("event") })
              for event in events { try Self.expectPlace(of: event) }
            }
            ways.append((ends[0], ends[1]))
          }
          return ways
        }
        for (version, way) in ways.enumerated() {
          #expect(way.near == way.far, "\(person.id) since \(version)")
        }
        #expect(ways.first?.near.isEmpty == false && ways.last?.near.isEmpty == true)
        let deletions = ways.flatMap(\.far).filter {
          $0.contains("\"op\":\"delete\"") && $0.contains(cellars[0])
        }
        // Marc's mission is gone as a whole.
        #expect(deletions.isEmpty == (person.id == work.org.marc.id))
      }
    }
  }

  @Test
  func `a row deleted before its mission left and came back between two pages is deleted on the device`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (office, mission) = (work.org.office.token, "/v1/dossiers/\(work.dossier.wire)")
      let cellar = try await server.made(
        server.post("\(mission)/outbuildings", as: office, ["kind": "cellar"]))
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      #expect(device.rows[EntityKey(.outbuilding, cellar)] != nil)
      _ = try await server.delete("/v1/outbuildings/\(cellar)", as: office)
      try await server.patch("/v1/contacts/\(work.owner.wire)", as: office, ["phone": "0559111111"])
      try await server.patch("/v1/organization", as: work.org.admin.token, ["online_card_payments": true])
      try await work.reassign()
      // One page while the mission is away: the organization's own change, which lies behind the deletion.
      let page = try await server.post(
        "/v1/sync/pull", as: device.token, PullRequest(cursor: device.cursor, limit: 1).json)
      #expect(page["more"] == true && !page.text.contains(cellar), "\(page.text)")
      device.cursor = page["cursor"].string
      try await work.reassign(to: work.org.marc.id)
      try await device.pull(limit: 1)
      #expect(device.rows[EntityKey(.outbuilding, cellar)] == nil)
    }
  }

  private static func expectPlace(of event: Row) throws {
    let place = try PullStore.place(of: event)
    let told = try JSONValue.parse(event.get("event", as: String.self))
    let mission = told["mission"]?.string
    #expect(place.type == (mission == nil ? told["type"]?.string : "leave"))
    #expect(place.id == (mission ?? told["id"]?.string))
    #expect(place.version >= told["v"]?.integer ?? .max)
  }

  @Test func `the database tells the fields of every type that devices know`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let met = try await server.asOwner(work.org.id) { transaction in
        var met: Set<EntityType> = []
        for type in EntityType.allCases {
          let view = SQL.script(trusted: "system.sync_\(type.rawValue)")
          let told = try await transaction.query(
            """
            SELECT v.fields::text AS shown, system.sync_fields(\(type.rawValue), v.organization_id, v.id)::text AS told
            FROM \(view) v UNION ALL
            SELECT NULL, system.sync_fields(\(type.rawValue), \(work.org.id), \(UUID()))::text
            """)
          #expect(try told.allSatisfy { try $0.get("shown", as: String?.self) == $0.get("told") }, "\(type)")
          if told.rowCount > 1 { met.insert(type) }
        }
        return met
      }
      #expect(
        met.isSuperset(of: [
          .dossier, .appointment, .contact, .dossierContact, .diagnosticType, .organization,
        ]))
    }
  }

  @Test func `what is linked between two pages is told, wherever the first one ended`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let office = work.org.office.token
      func contact(_ name: String) async throws -> String {
        try await server.made(
          server.post("/v1/contacts", as: office, ["kind": "individual", "last_name": .string(name)]))
      }
      let late = try await contact("Iriart")
      let early = try await contact("Duhalde")
      // One row of this mission changes, and it comes to a new technician with two contacts of its own.
      let path = "/v1/dossiers/\(work.dossier.wire)"
      _ = try await server.patch(path, as: office, ["buyer_id": .string(early)])
      try await work.reassign()
      func told(after position: Cursor.Position, isFar: Bool) async throws -> [Cursor.Position] {
        try await server.asOwner(work.org.id) { transaction in
          _ = try await transaction.query(
            "SELECT set_config('app.account_id', \(work.org.nadia.id.wire), true)")
          let page = PullStore(organization: work.org.id)
            .page(.init(position: position, isFar: isFar), limit: 500)
          return try await transaction.query(page).dropFirst().map(PullStore.place)
        }
      }
      let before = try await told(after: .end(of: -1), isFar: true)
      // Of contacts that the first page may have passed already, at the version of another link.
      _ = try await server.patch(
        path, as: office,
        ["notary_id": .string(late), "managing_agent_id": .string(early), "buyer_id": .null])
      let all = try await told(after: .end(of: -1), isFar: true)
      #expect(all.contains { $0.id == late } && !before.contains { $0.id == late })
      for (count, position) in before.enumerated() {
        for isFar in [false, true] {
          let rest = try await told(after: position, isFar: isFar)
          let known = Set((before.prefix(count + 1) + rest).map { "\($0.type) \($0.id)" })
          let missing = all.filter { !known.contains("\($0.type) \($0.id)") }
          #expect(missing.isEmpty, "\(isFar ? "far" : "near"), after \(position)")
          let place = (position.version, position.type, position.id)
          #expect(!rest.contains { ($0.version, $0.type, $0.id) <= place })
        }
      }
    }
  }

  @Test func `what a process believes of an organization changes no answer`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      let other = try await work.enrol(work.org.nadia)
      try await other.pull()
      let foreign = try #require(other.cursor)
      func answers(believing belief: FeedNews.News) async throws -> [String] {
        func pull(_ cursor: String?) async throws -> TestServer.Answer {
          server.app.news.heard(belief, of: work.org.id)
          return try await server.post(
            "/v1/sync/pull", as: device.token, PullRequest(cursor: cursor, limit: 3).json)
        }
        var texts: [String] = []
        var cursor: String?
        repeat {
          let answer = try await pull(cursor)
          texts.append(answer.text)
          let page = try PullResponse(json: answer.json)
          #expect(page.cursor != cursor)
          cursor = page.cursor
          if !page.more { break }
        } while texts.count < 100
        texts.append(try await pull(cursor).text)
        for refused in [foreign, "x.y"] { texts.append(try await pull(refused)["code"].string ?? "") }
        return texts
      }
      for withheld in [WithheldInformation.none, .init([.prices, .contactDetails])] {
        _ = try await server.patch(
          "/v1/organization", as: work.org.admin.token,
          ["withheld_information": .array(withheld.groups.map { .string($0.rawValue) })])
        let behind = try await answers(believing: .init(version: 0, withheld: .none))
        #expect(behind.count > 4 && behind.suffix(2) == ["malformed-cursor", "malformed-cursor"])
        for version in [2, Int64.max] {
          for believed in [WithheldInformation.none, .init([.prices, .contactDetails]), .all] {
            let belief = FeedNews.News(version: version, withheld: believed)
            #expect(try await answers(believing: belief) == behind, "\(version), \(believed.key)")
          }
        }
      }
    }
  }
}
