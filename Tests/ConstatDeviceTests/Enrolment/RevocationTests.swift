import ConstatCore
import ConstatSync
import Foundation
import Testing

@testable import ConstatDevice

@Suite struct RevocationTests {
  @Test func `a revoked device sends what it holds, then wipes everything`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.setPreConclusion(bench.mission, diagnostic: bench.crep, "Pas de plomb visible")
    await bench.server.revoke()

    let report = try await device.sync()
    #expect(report.isWiped)
    #expect(await bench.server.state.parked.map(\.reason) == [.deviceRevoked])
    await #expect(throws: DeviceError.notEnrolled) { try await device.sync() }
    await #expect(throws: DeviceError.notEnrolled) {
      try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    }
    #expect(try await device.missions().isEmpty)
    await #expect(throws: DeviceError.notEnrolled) { try await bench.open() }
    // Nothing of it is left in the bytes of the file.
    for suffix in ["", "-wal"] {
      let bytes = (try? Data(contentsOf: URL(fileURLWithPath: bench.file + suffix))) ?? Data()
      #expect(bytes.range(of: Data("rue des Lilas".utf8)) == nil)
      #expect(bytes.range(of: Data("Pas de plomb".utf8)) == nil)
    }
  }

  @Test func `what a revoked device could not send is kept, and can be exported`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.setPreConclusion(bench.mission, diagnostic: bench.crep, "Pas de plomb")
    await bench.server.revoke(refusingPushes: true)
    await #expect(throws: SyncError.revoked) { try await device.sync() }
    #expect(try await device.unsentCount == 1)
    #expect(try await device.exportJournal().contains("Pas de plomb"))

    await bench.server.revoke()
    #expect(try await device.sync().isWiped)
    #expect(await bench.server.state.parked.count == 1)
  }

  @Test func `what a restored server has forgotten a revoked device tells again before it is wiped`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let backup = await bench.server.state
    try await device.setPreConclusion(bench.mission, diagnostic: bench.crep, "Pas de plomb")
    let photo: [UInt8] = [0xff, 0xd8, 0xff] + [UInt8](repeating: 7, count: 500)
    try await device.attach(bench.mission, photo, named: "compteur.jpg")
    try await device.sync()
    #expect(try await device.uploadAttachments().uploaded == 1)
    #expect(try await device.unsentCount == 0)

    await bench.server.restore(backup)
    await bench.server.changeUploads { $0.forget(AttachmentFiles.sha256(photo)) }
    await bench.server.revoke()
    #expect(try await device.sync().isWiped)
    #expect(await bench.server.state.parked.map(\.reason) == [.deviceRevoked, .deviceRevoked])
    #expect(await bench.server.uploads.blobs[AttachmentFiles.sha256(photo)] == photo)
  }

  @Test func `a wiped file can be enrolled again`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    await bench.server.revoke()
    #expect(try await device.sync().isWiped)
    try device.close()
    let again = try await bench.enrol()
    try await again.sync()
    #expect(try await again.missions().map(\.id) == [bench.mission])
  }
}
