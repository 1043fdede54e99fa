import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation
import Postgres
import Support
import Testing

/// Server and device compute the digest each for itself, over PostgreSQL's rows and SQLite's.
@Suite struct DigestTests {
  @Test
  func
    `MIS-06 after a mission's edits on both sides the digests are equal, and a change that no feed told is found`()
    async throws
  {
    try await FieldTeam.run { team in
      let device = try await team.enrol()
      #expect(try await device.verify().verification == .same)

      try await device.correctAddress(
        team.mission,
        AddressCorrection(
          street: "14 rue « des Lilas »", position: .set(Position(latitude: 43.49, longitude: -0.00005))))
      try await device.addOutbuilding(team.mission, .cellar, lotNumber: "12\t\"bis\" 🏠")
      _ = try await team.office(["access_comment": "Digicode\n---\n12A", "notes": nil])
      #expect(try await device.verify().verification == .same)
      #expect(try await device.inbox.isEmpty)

      // Behind the back of every trigger.
      let superuser = team.server.database.makePool(as: .superuser)
      let (org, outbuilding) = (team.org.id, team.rows["outbuilding"])
      try await superuser.transaction { transaction, _ in
        _ = try await transaction.execute("SET LOCAL session_replication_role = replica")
        _ = try await transaction.execute(
          "UPDATE outbuilding SET lot_number = '99' WHERE organization_id = \(org) AND id = \(outbuilding)")
      }
      try await device.sync()
      let key = EntityKey(.outbuilding, team.id("outbuilding"))
      #expect(try await device.rows()[key]?.values["lot_number"]?.string != "99")

      #expect(try await device.verify().verification == .differed(["outbuilding"]))
      #expect(try await device.rows()[key]?.values["lot_number"] == "99")
      let seen = try await team.server.get(
        "/v1/devices/\(device.enrolment().device)", as: team.org.office.token)
      #expect(seen["digest_mismatches"] == 1 && seen["last_mismatch_at"].string != nil)
    }
  }
}
