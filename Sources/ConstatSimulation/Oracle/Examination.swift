import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation
import Postgres

/// Brings the oracle what it looks at.
struct Examination: Sendable {
  let store: OrganizationStore
  let superuser: Pool
  let world: World
  let office: OfficeDesk
  let devices: [SimulatedTechnician]

  /// What a device is told that has nothing yet, by technician.
  typealias Fresh = [String: [EntityKey: [String: JSONValue]]]

  /// What does not hold, and what was counted while looking.
  func verdict() async throws -> (violations: [String], held: Tally, fresh: Fresh) {
    let fresh = try await startedFromNothing()
    let oracle = try await oracle(fresh)
    // The comparison mends what differs, so it comes after the rows were taken.
    var differences: [String] = []
    for device in devices { if let one = try await device.differences() { differences.append(one) } }
    var held = oracle.evidence.heldCounts
    held.add("files stored", oracle.evidence.files.stored.values.reduce(0, +))
    held.add("files awaited", oracle.evidence.files.awaited)
    held.add("payments in the books", oracle.evidence.books.payments.count)
    held.add("edits lost with the server", (oracle.typed + oracle.officeTyped).count(where: oracle.isLost))
    return (oracle.violations() + differences, held, fresh)
  }

  private func oracle(_ fresh: Fresh) async throws -> Oracle {
    let evidence = try await EvidenceStore(
      superuser: superuser, organization: store.organization, blobs: world.blobs
    ).evidence()
    var states: [Oracle.DeviceState] = []
    for device in devices {
      states.append(
        .init(
          name: "device \(device.index)", technician: device.person.wire,
          unsent: try await device.device?.unsentCount ?? 0, rows: Self.values(try await device.rows())))
    }
    var oracle = Oracle(
      evidence: evidence, devices: states, fresh: fresh, typed: [], officeTyped: await office.typed)
    oracle.payments = await office.payments
    oracle.beyondRecall = await office.beyondRecall
    for device in devices {
      oracle.typed += await device.typed
      oracle.identities += await device.lives.map(\.devices)
      oracle.photos += await device.photos
      oracle.payments += await device.payments
      oracle.beyondRecall.formUnion(await device.beyondRecall)
      oracle.unvouched.formUnion(await device.unvouched)
    }
    return oracle
  }

  private func startedFromNothing() async throws -> Fresh {
    var fresh: Fresh = [:]
    for person in Set(devices.map(\.person)) {
      let file = "\(world.directory)/fresh-\(UInt32.random(in: 0...UInt32.max)).sqlite"
      let address = world.address ?? ""
      let device = try await FieldDevice.enrol(
        file: file, server: address, email: "-", password: "-", name: "Fresh",
        transport: .signedIn(person, at: address))
      try await device.sync()
      fresh[person.wire] = Self.values(try await device.rows())
      try device.close()
    }
    return fresh
  }

  private static func values(_ rows: [EntityKey: LocalEntity]) -> [EntityKey: [String: JSONValue]] {
    rows.mapValues { $0.values.filter { !$0.value.isNull } }
  }

  // MARK: Broken on purpose

  /// Breaks one thing after the other, and returns what the oracle then says for the first time and is to say of it; no
  /// entry where the day brought nothing to break.
  func broken(by breakages: [Breakage], after fresh: Fresh) async throws -> [Breakage: [String]] {
    var (fresh, found) = (fresh, [Breakage: [String]]())
    var known = Set(try await oracle(fresh).violations())
    for breakage in breakages {
      guard try await breakSomething(breakage, fresh) else { continue }
      if breakage == .serverRow { fresh = try await startedFromNothing() }
      let now = try await oracle(fresh).violations()
      found[breakage] = now.filter { !known.contains($0) && breakage.signs.contains(where: $0.contains) }
      known.formUnion(now)
    }
    return found
  }

  /// False where the day brought nothing of the kind.
  private func breakSomething(_ breakage: Breakage, _ fresh: Fresh) async throws -> Bool {
    let oracle = try await oracle(fresh)
    switch breakage {
    case .deviceRow: return try await tamper("street", of: .dossier)
    case .shownSecret:
      let withheld = oracle.evidence.withheld(at: .max)
      for type in EntityType.allCases {
        guard let field = withheld.fields(of: type).first else { continue }
        if try await tamper(field, of: type) { return true }
      }
      return false
    case .lostPhoto, .doublePhoto:
      let present = oracle.photos.filter {
        oracle.evidence.files.stored[$0.sha256] == 1 && !oracle.beyondRecall.contains($0.token)
      }
      guard let photo = breakage == .lostPhoto ? present.first : present.last else { return false }
      try breakPhoto(breakage, photo)
      return true
    default:
      guard let token = oracle.subject(of: breakage, world.chronicle, wiped: await wiped) else {
        return false
      }
      try await BreakageStore(superuser: superuser, organization: store.organization).tamper(
        breakage, token: token, place: oracle.evidence.places[token])
      return true
    }
  }

  /// Of the first device that has such a row; false where none has.
  private func tamper(_ field: String, of type: EntityType) async throws -> Bool {
    for device in devices {
      if try await DeviceFileStore(file: await device.file).tamper(field, of: type) { return true }
    }
    return false
  }

  private func breakPhoto(_ breakage: Breakage, _ photo: TakenPhoto) throws {
    let all = FileManager.default.enumerator(at: URL(filePath: world.blobs), includingPropertiesForKeys: nil)
    while let file = all?.nextObject() as? URL {
      guard file.lastPathComponent == photo.sha256 else { continue }
      if breakage == .lostPhoto {
        try FileManager.default.removeItem(at: file)
      } else {
        try FileManager.default.copyItem(at: file, to: file.appendingPathExtension("copy"))
      }
      return
    }
  }

  /// The ids of the devices that were wiped.
  private var wiped: Set<String> {
    get async {
      var ids: Set<String> = []
      for device in devices {
        ids.formUnion(await device.lives.filter { $0.wipedIn != nil }.flatMap(\.devices))
      }
      return ids
    }
  }
}

extension Oracle {
  /// True for what was typed and is nowhere because the server was put back to a backup.
  func isLost(_ token: TypedToken) -> Bool {
    beyondRecall.contains(token.text) && !isKept(token) && evidence.places[token.text] == nil
  }

  /// What a breakage is tried on; nil where the day brought nothing of the kind.
  func subject(of breakage: Breakage, _ chronicle: Chronicle, wiped: Set<String>) -> String? {
    switch breakage {
    case .lostValue: typed.first(where: isPlain)?.text
    case .lostResending:
      typed.first { token in
        (isPlain(token) || isParked(token)) && chronicle.hasForgotten(token.stretches)
          && token.settledBy.map { chronicle.hasForgotten($0...$0) } == true
      }?.text
    case .lostOfficeValue: officeTyped.first(where: isPlain)?.text
    case .lostRescue: typed.first { wiped.contains($0.device) && isParked($0) }?.text
    case .doubleCreation: typed.first { $0.kind == .creation && isPlain($0) }?.text
    case .doublePayment: evidence.books.payments.first { !$0.reference.isEmpty }?.reference
    case .silentDouble: evidence.books.payments.first { $0.contested?.isEmpty == false }?.reference
    case .lostSignature:
      typed.first { evidence.live.contains($0.text) && evidence.places[$0.text]?.field == "signer_name" }?
        .text
    case .lostProposal, .overwrittenOrder:
      officeTyped.first { token in
        evidence.proposed.contains(token.text) && !evidence.accepted.contains(token.text)
          && evidence.places[token.text] == nil && !beyondRecall.contains(token.text)
      }?.text
    case .blindOverwrite: spared()
    case .refusedCard, .otherMeans:
      payments.first { taken in
        taken.means == .onlineCard && evidence.books.payments.count { $0.reference == taken.token } == 1
      }?.token
    case .deviceRow, .shownSecret, .serverRow, .lostResult, .crookedEntry, .lostPhoto, .doublePhoto: ""
    }
  }

  /// True for a value that waits in parking, and nowhere else.
  private func isParked(_ token: TypedToken) -> Bool {
    evidence.waiting.contains(token.text) && !evidence.live.contains(token.text)
      && evidence.places[token.text] == nil && !beyondRecall.contains(token.text)
      && evidence.origin(of: token, among: lives(of: token.device))?.mutation.status == "parked"
      && !isReplacedByAuthor(token)
  }

  /// True for a value that is live where it was written, alone in its field, and nowhere else.
  private func isPlain(_ token: TypedToken) -> Bool {
    guard token.kind == .set || token.kind == .creation, !beyondRecall.contains(token.text),
      evidence.live.contains(token.text), !evidence.isHeld(token.text),
      let place = evidence.places[token.text], place.field != "reference", place.field != "signer_name",
      !isReplacedByAuthor(token)
    else { return false }
    return evidence.writes[place]?.last?.after == [token.text]
  }
}
