import ConstatCore
import ConstatDevice
import ConstatServer
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// A real dump restored under a running server, which loses pushes that it had acknowledged.
@Suite struct RestoreTests {
  /// Leaves no trace in what PostgreSQL says of itself, as the snapshot of a whole machine does.
  static let untraced = "UPDATE system.tenant_sync SET identity = system.database_identity()"

  @Test func `MIS-06 after a restore devices bring back all that was acknowledged and lost, exactly once`()
    async throws
  {
    try await FieldTeam.run { team in
      let device = try await team.enrol()
      try await device.sync()
      _ = try await team.office(["street": "bureau, avant la sauvegarde"])
      let backup = try await team.server.database.backup(in: team.directory)

      // The technician knows neither the office's street nor the backup.
      try await device.correctAddress(team.mission, AddressCorrection(street: "terrain"))
      try await device.addOutbuilding(team.mission, .cellar, lotNumber: "12")
      try await device.choosePayer(team.mission, new: ContactCorrection(lastName: "Etchegaray"))
      try await device.sync()
      _ = try await team.office(["door": "perdue avec le serveur", "city": "Biarritz"])
      try await device.sync()
      try await device.correctAddress(team.mission, AddressCorrection(city: "Anglet"))
      #expect(try await device.sync().results.map(\.status) == [.applied])

      try await team.server.database.restore(backup)
      #expect(try await team.dossier()["street"] == "bureau, avant la sauvegarde")
      // Before the device is heard of, somebody in the office types into the field that it had changed.
      #expect(try await team.office(["city": "Bidart"]).status == 200)

      let report = try await team.settled(device)
      #expect(report.version > 1_000_000)
      #expect(try await device.unsentCount == 0)
      let dossier = try await team.dossier()
      #expect(dossier["street"] == "terrain" && dossier["city"] == "Anglet" && dossier["door"] == .null)
      // What the office wrote, before the backup or after the restore, is not live and not gone.
      let rivals = try await team.conflicts()
      #expect(rivals == ["street": "bureau, avant la sauvegarde", "city": "Bidart"])

      #expect(try await team.count("outbuilding", "lot_number = '12'") == 1)
      #expect(try await team.count("contact", "last_name = 'Etchegaray'") == 1)
      #expect(
        try await team.count(
          "system.history", "table_name = 'outbuilding' AND changes -> 'lot_number' ->> 1 = '12'") == 1)
      let journal = try await device.journalSequences()
      #expect(try await team.sequences() == journal && journal == Array(1...Int64(journal.count)))
      #expect(try await device.verify().verification == .same)
      #expect(try await device.sync().results.isEmpty)
    }
  }

  @Test func `a restore that PostgreSQL does not show is told by the operator`() async throws {
    try await FieldTeam.run { team in
      let device = try await team.enrol()
      try await device.sync()
      let backup = try await team.server.database.backup(in: team.directory)
      try await device.correctAddress(team.mission, AddressCorrection(street: "terrain"))
      try await device.sync()
      try await team.server.database.restore(backup, runBeforeUse: Self.untraced)

      let before = try await team.position()
      let epochs = EpochStore(team.server.database.makePool(as: .owner))
      let begun = try await epochs.begin(epochs.organizations(slug: "cabinet-basque").map(\.id))
      #expect(begun[team.org.id]?.fork == before.version)
      let after = try await team.position()
      #expect(after.epoch != before.epoch && after.version > before.version)
      #expect(try await epochs.recentlyBegun() == 1)

      _ = try await team.settled(device)
      #expect(try await team.dossier()["street"] == "terrain")
      #expect(try await team.conflicts().isEmpty)
      #expect(try await device.verify().verification == .same)
    }
  }

  @Test func `a restore that nobody told of shows when a cursor names what the server never reached`()
    async throws
  {
    try await FieldTeam.run { team in
      let device = try await team.enrol()
      try await device.sync()
      let backup = try await team.server.database.backup(in: team.directory)
      try await device.correctAddress(team.mission, AddressCorrection(street: "terrain"))
      try await device.sync()
      try await team.server.database.restore(backup, runBeforeUse: Self.untraced)

      let before = try await team.position()
      _ = try await team.settled(device)
      #expect(try await team.position().epoch != before.epoch)
      #expect(try await team.dossier()["street"] == "terrain")
      #expect(try await device.verify().verification == .same)
    }
  }

  @Test func `a device that the backup does not know enrols anew and brings what had been acknowledged`()
    async throws
  {
    try await FieldTeam.run { team in
      let backup = try await team.server.database.backup(in: team.directory)
      let device = try await team.enrol()
      try await device.sync()
      try await device.correctAddress(team.mission, AddressCorrection(street: "terrain"))
      try await device.addOutbuilding(team.mission, .cellar, lotNumber: "12")
      try await device.sync()
      try await team.server.database.restore(backup)

      await #expect(throws: SyncError.signInRefused) { _ = try await team.settled(device) }
      try await device.enrolAgain(email: team.org.marc.email, password: TestServer.password)
      #expect(try await device.unsentCount == 2)
      _ = try await team.settled(device)
      #expect(try await team.dossier()["street"] == "terrain")
      #expect(try await team.count("outbuilding", "lot_number = '12'") == 1)
      #expect(try await device.verify().verification == .same)
    }
  }

  @Test func `a server that only restarts begins no epoch`() async throws {
    try await FieldTeam.run { team in
      let before = try await team.position()
      let pool = team.server.database.makePool { $0.sessionScript = EpochStore.sessionScript }
      #expect(try await EpochStore(pool).recentlyBegun() == 0)
      #expect(try await team.position().epoch == before.epoch)
    }
  }
}

extension FieldTeam {
  /// Syncs; connections that a restore broke are made anew meanwhile.
  func settled(_ device: FieldDevice) async throws -> SyncReport {
    for _ in 0..<50 {
      do { return try await device.sync() } catch SyncError.serverBusy {
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    return try await device.sync()
  }

  func dossier() async throws -> JSONValue {
    for _ in 0..<50 {
      let answer = try await server.get("/v1/dossiers/\(mission)", as: org.office.token)
      if answer.status == 200 { return answer.json }
      try await Task.sleep(for: .milliseconds(100))
    }
    return .null
  }

  /// What the office sees as the other side of each open conflict, by field.
  func conflicts() async throws -> [String: JSONValue] {
    let list = try await server.get("/v1/sync/conflicts?state=open", as: org.office.token)
    var rivals: [String: JSONValue] = [:]
    for conflict in list["items"].array ?? [] where conflict["id"]?.string != id("sync_conflict") {
      rivals[conflict["field"]?.string ?? ""] = conflict["theirs"]?["value"] ?? .null
    }
    return rivals
  }

  func position() async throws -> (epoch: String, version: Int64) {
    let org = org.id
    return try await server.asOwner(org) { transaction in
      let row = try await transaction.query(
        "SELECT epoch, version FROM system.tenant_sync WHERE organization_id = \(org)")[0]
      return (try row.get("epoch"), try row.get("version"))
    }
  }

  func count(_ table: String, _ condition: String) async throws -> Int {
    let counted = SQL.script(trusted: "SELECT count(*) FROM \(table) WHERE \(condition)")
    return try await server.asOwner(org.id) { try await $0.query(counted).value(Int.self) ?? 0 }
  }

  /// Of the mutations that the server has settled.
  func sequences() async throws -> [Int64] {
    let org = org.id
    return try await server.asOwner(org) { transaction in
      try await transaction.query(
        "SELECT sequence FROM system.device_result WHERE organization_id = \(org) ORDER BY sequence"
      ).map { try $0.get("sequence") }
    }
  }
}

extension FieldDevice {
  func journalSequences() async throws -> [Int64] {
    try JSONValue.parse(await exportJournal())["journal"]?.array?.compactMap {
      $0["mutation"]?["seq"]?.integer
    } ?? []
  }
}
