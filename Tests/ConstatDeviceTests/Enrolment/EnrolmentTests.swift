import ConstatCore
import ConstatSync
import Foundation
import Testing

@testable import ConstatDevice

@Suite struct EnrolmentTests {
  @Test func `a file is enrolled once, and a wrong password writes nothing`() async throws {
    let bench = try Bench()
    await #expect(throws: SyncError.signInRefused) {
      try await FieldDevice.enrol(
        file: bench.file, server: "https://constat.example", email: "marc@example.fr", password: "wrong",
        name: "Tablette", transport: bench.network.transport)
    }
    await #expect(throws: DeviceError.notEnrolled) { try await bench.open() }
    let device = try await bench.enrol()
    #expect(try await device.enrolment().technician == bench.server.technician)
    await #expect(throws: DeviceError.alreadyEnrolled) { try await bench.enrol() }
    await #expect(throws: TransportError.self) {
      try await FieldDevice.enrol(
        file: bench.directory.appendingPathComponent("x.sqlite").path, server: "nowhere", email: "",
        password: "",
        name: "")
    }
  }

  @Test func `a copied file is told apart, and brings its edits under a new identity`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let copy = try await bench.open(bench.crashImage())
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    try await device.sync()
    try await copy.choosePayer(bench.mission, new: ContactCorrection(lastName: "Petit"))
    await #expect(throws: SyncError.enrolmentNeeded) { try await copy.sync() }
    #expect(try await copy.unsentCount == 2)

    try await copy.enrolAgain(email: "marc@example.fr", password: "correct horse")
    #expect(try await copy.enrolment().device != device.enrolment().device)
    #expect(try await copy.mission(bench.mission)?.payer?.lastName == "Petit")
    let report = try await copy.sync()
    #expect(report.results.map(\.seq) == [1, 2])
    #expect(report.count(.rejected) == 0 && report.count(.parked) == 0)
    #expect(await bench.server.values(bench.dossier())?["city"] == "Rezé")
    try await device.sync()
    #expect(try await copy.shown() == device.shown())
    #expect(try await copy.mission(bench.mission)?.payer?.lastName == "Petit")
  }

  @Test func `a file put back from an old backup is told apart before it types over its past`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let old = try bench.crashImage()
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    try await device.sync()
    await #expect(throws: SyncError.enrolmentNeeded) { try await bench.open(old).sync() }
  }

  @Test func `the export holds every edit with its answer`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    try await device.sync()
    try await device.correctAddress(bench.mission, AddressCorrection(street: "14 rue des Lilas"))
    let export = try JSONValue.parse(await device.exportJournal())
    let journal = try #require(export["journal"]?.array)
    #expect(journal.map { $0["state"] } == ["acknowledged", "pending"])
    #expect(journal.first?["result"]?["status"] == "applied")
    #expect(journal.last?["mutation"]?["set"] == ["street": "14 rue des Lilas"])
    #expect(journal.last?["mutation"]?["was"] == ["street": "12 rue des Lilas"])
    #expect(export["device"]?.string == (try await device.enrolment().device))
    #expect(export.description.contains("secret") == false)
  }

  @Test func `ids are UUIDs of version 7, sorted by time`() throws {
    let ids = (0..<100).map { _ in DeviceEnvironment.system.newID() }
    for id in ids {
      let parts = id.split(separator: "-").map(\.count)
      #expect(parts == [8, 4, 4, 4, 12])
      #expect(id.dropFirst(14).first == "7")
      #expect("89ab".contains(id.dropFirst(19).first ?? " "))
    }
    #expect(Set(ids).count == 100)
    #expect(ids.first.map { $0.prefix(8) } ?? "" <= ids.last.map { $0.prefix(8) } ?? "")
  }
}
