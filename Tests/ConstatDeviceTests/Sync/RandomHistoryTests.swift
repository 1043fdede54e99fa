import ConstatCore
import ConstatSync
import Seeds
import Testing

@testable import ConstatDevice

/// Random histories on a real file: edits, office writes, lost requests and answers, cuts, crashes, missions that come
/// and go, a server restored from its backup.
@Suite struct RandomHistoryTests {
  @Test(arguments: 1...12)
  func `whatever happens, file and server end alike and nothing waits for ever`(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let bench = try Bench()
    var device = try await bench.device()
    await bench.server.setPageLimit(Int.random(in: 1...6, using: &random))
    var typed: [String] = []
    var backup = await bench.server.state
    var isRestored = false

    for step in 0..<30 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0...3:
        let text = "\(seed).\(step)"
        do {
          try await edit(device, bench, text, &random)
          typed.append(text)
        } catch DeviceError.missionNotHere { continue }
      case 4, 5:
        let field = ["street", "city", "floor", "notes"].randomElement(using: &random) ?? "city"
        await bench.server.office(bench.dossier(), [field: .string("office \(step)")])
      case 6:
        let path = Bool.random(using: &random) ? "/v1/sync/push" : "/v1/sync/pull"
        bench.network.inject(Bool.random(using: &random) ? .loseAnswer(path) : .loseRequest(path))
      case 7: bench.network.inject(.cutAfter(Int.random(in: 0...2, using: &random), "/v1/sync/pull"))
      case 8: device = try await bench.open(replacing: bench.crashImage())
      case 9:
        if await bench.server.isAssigned(bench.mission) {
          await bench.server.withdraw(bench.mission)
        } else {
          await bench.server.assign(bench.mission)
        }
      case 10 where !isRestored && Bool.random(using: &random):
        await bench.server.restore(backup)
        isRestored = true
      default:
        bench.network.isUp = true
        do { try await device.sync() } catch SyncError.offline {}
        if step < 10 { backup = await bench.server.state }
      }
    }

    await settle(bench, device)
    #expect(try await device.unsentCount == 0)
    #expect(try await device.shown() == bench.server.scope())
    // Every typed text is in the server's hands: live, in a conflict, in its history, or parked.
    let journal = try await device.exportJournal()
    for text in typed { #expect(journal.contains(text)) }
    let answers = try JSONValue.parse(journal)["journal"]?.array ?? []
    #expect(answers.allSatisfy { $0["state"] == "acknowledged" && $0["result"]?["status"] != "rejected" })
    let inserted = await bench.server.state.effects.compactMap { key, effect -> EntityKey? in
      if case .insert = effect, key.type == .outbuilding { key } else { nil }
    }
    #expect(Set(inserted).count == inserted.count)
  }

  private func edit(
    _ device: FieldDevice, _ bench: Bench, _ text: String, _ random: inout SeededRandom
  ) async throws {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: try await device.correctAddress(bench.mission, AddressCorrection(street: .set(text)))
    case 1: try await device.correctAccess(bench.mission, AccessCorrection(floor: .set(text)))
    case 2: try await device.addOutbuilding(bench.mission, .cellar, lotNumber: text)
    case 3: try await device.writeNotes(bench.mission, text)
    default: try await device.choosePayer(bench.mission, new: ContactCorrection(lastName: .set(text)))
    }
  }

  /// The network is well again, whatever faults are left over.
  private func settle(_ bench: Bench, _ device: FieldDevice) async {
    for _ in 0..<40 {
      bench.network.isUp = true
      if (try? await device.sync()) != nil, bench.network.faultCount == 0 { break }
    }
    _ = try? await device.sync()
  }
}
