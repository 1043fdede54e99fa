import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation
import Seeds

/// A technician with a device: edits, syncs, and the accidents of both. What is typed carries a token that occurs nowhere
/// else, so that it can be looked for afterwards.
actor SimulatedTechnician {
  let index: Int
  let person: OrganizationStore.Person
  private let plan: SimulationPlan
  private let office: OfficeDesk
  /// To the server, through this device's lane of the bad network.
  private let proxy: String
  private let transport: Transport
  private let directory: String
  private var random: SeededRandom
  private var files = 0
  private var tokens = 0

  private(set) var file = ""
  private(set) var device: FieldDevice?
  /// All devices that this one has been, the present one last: a revoked device is replaced.
  private(set) var identities: [String] = []
  private(set) var typed: [TypedToken] = []
  private(set) var tally = Tally()
  private(set) var durations: [Duration] = []
  /// What should not have happened, in words.
  private(set) var faults: [String] = []

  init(
    index: Int, person: OrganizationStore.Person, plan: SimulationPlan, office: OfficeDesk, proxy: String,
    directory: String
  ) throws {
    self.index = index
    self.person = person
    self.plan = plan
    self.office = office
    self.directory = directory
    self.proxy = proxy + "/\(index)"
    transport = try Transport.http(self.proxy, timeoutSeconds: 2)
    random = SeededRandom(seed: plan.seed &+ 104_729 &* UInt64(index + 1))
  }

  // MARK: The device

  /// Enrols, as often as it takes; signing in is answered here.
  func enrol() async throws {
    files += 1
    file = "\(directory)/device-\(index)-\(files).sqlite"
    let signIn = JSONValue.object(["access_token": .string(person.token)]).serialized()
    let transport = transport
    let registering = Transport { request in
      request.path == "/v1/auth/login"
        ? Transport.Answer(status: 200, body: signIn) : try await transport.send(request)
    }
    for attempt in 1... {
      do {
        device = try await FieldDevice.enrol(
          file: file, server: proxy, email: "-", password: "-", name: "Device \(index)",
          transport: registering,
          environment: environment)
        break
      } catch  where attempt < 60 {
        try await Task.sleep(for: .milliseconds(200))
      }
    }
    // From here on with its own network.
    try await reopen()
    if let id = try await device?.enrolment().device { identities.append(id) }
  }

  private var environment: DeviceEnvironment {
    var environment = DeviceEnvironment.system
    environment.pageEvents = 9
    return environment
  }

  private func reopen() async throws {
    try device?.close()
    device = try await FieldDevice.open(file: file, transport: transport, environment: environment)
  }

  /// Goes on with what the file was at one moment, as after a power cut.
  private func reopen(image: String) async throws {
    try device?.close()
    file = image
    device = try await FieldDevice.open(file: file, transport: transport, environment: environment)
  }

  // MARK: A day's work

  func work(until end: ContinuousClock.Instant) async {
    while ContinuousClock.now < end, !Task.isCancelled {
      do {
        switch random.below(100) {
        case ..<52: try await edit()
        case ..<84: try await syncOnce()
        case ..<88 where plan.troubles.contains(.deviceKills): try await die()
        case ..<92 where plan.troubles.contains(.lateEdits): try await workTooLate()
        default: try await Task.sleep(for: .milliseconds(random.below(120)))
        }
      } catch is CancellationError {
        return
      } catch {
        faults.append("device \(index): \(error)")
      }
    }
  }

  /// One sync, through whatever the network does to it.
  func syncOnce() async throws {
    let start = ContinuousClock.now
    let killAfter = plan.troubles.contains(.appKills) && random.chance(12) ? 1 + random.below(4) : nil
    do {
      if let killAfter {
        try await syncAndDie(afterPages: killAfter)
        return
      }
      guard let report = try await device?.sync() else { return }
      tally.add("syncs")
      if case .differed(let types) = report.verification {
        faults.append("device \(index) compared itself with the server and differs in \(types)")
      }
      durations.append(ContinuousClock.now - start)
      tally.add("mutations answered", report.results.count)
      if report.isWiped { try await replace() }
    } catch SyncError.offline {
      tally.add("syncs cut")
    } catch SyncError.serverBusy {
      tally.add("syncs cut")
    }
  }

  /// A device that was revoked and is empty now: its technician gets another.
  private func replace() async throws {
    tally.add("devices replaced")
    let left = try await device?.rows().count ?? 0
    if left > 0 { faults.append("device \(index): wiped, and \(left) rows are left") }
    try device?.close()
    device = nil
    try await enrol()
  }

  /// The app dies between two pages: what is on the disk then is all that there will be.
  private func syncAndDie(afterPages pages: Int) async throws {
    let image = "\(directory)/device-\(index)-\(files)-\(tokens)-\(random.below(1 << 30)).sqlite"
    let (file, device) = (file, device)
    let isDead = Flag()
    let sync = Task {
      try await device?.sync { progress in
        guard case .pulling(let count, _) = progress, count == pages, !isDead.isSet else { return }
        // Nobody else writes to the file here, so a copy is what a power cut leaves.
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file + suffix) {
          try? FileManager.default.copyItem(atPath: file + suffix, toPath: image + suffix)
        }
        isDead.set()
      }
    }
    let report = try? await sync.value
    guard isDead.isSet else {
      if report?.isWiped == true { try await replace() }
      return
    }
    tally.add("app kills")
    if report?.isWiped == true { return try await replace() }
    try await reopen(image: image)
  }

  /// Switched off in the middle of a sync, or of nothing.
  private func die() async throws {
    tally.add("device kills")
    let device = device
    let sync = Task { try await device?.sync() }
    try? await Task.sleep(for: .milliseconds(random.below(60)))
    sync.cancel()
    if let report = try? await sync.value, report.isWiped { return try await replace() }
    try await reopen()
  }

  /// Edits of a mission that the office gives away before they are sent.
  private func workTooLate() async throws {
    guard let mission = try await anyMission() else { return }
    try await edit(mission)
    await office.wish(.takeAway(mission: mission.id))
    try await Task.sleep(for: .milliseconds(200))
    try await edit(mission)
    tally.add("late edits")
  }

  // MARK: Edits

  private func anyMission() async throws -> Mission? {
    guard let missions = try await device?.missions(), !missions.isEmpty else { return nil }
    return random.pick(missions)
  }

  private func edit() async throws {
    guard let mission = try await anyMission() else {
      // Nothing to do yet: it comes by sync.
      try await syncOnce()
      return
    }
    try await edit(mission)
  }

  private func token(_ kind: TypedToken.Kind) -> String {
    tokens += 1
    let text = "t\(index)n\(tokens)e"
    typed.append(TypedToken(text: text, kind: kind, device: identities.last ?? "", author: index))
    return text
  }

  private func edit(_ mission: Mission) async throws {
    guard let device else { return }
    do {
      try await edit(mission, on: device)
      tally.add("edits")
    } catch DeviceError.notFound, DeviceError.diagnosticPresent, DeviceError.unknownDiagnostic {
      // It left, or somebody was faster, between the look and the touch.
      typed.removeLast(typed.last?.text == "t\(index)n\(tokens)e" ? 1 : 0)
    }
  }

  private func edit(_ mission: Mission, on device: FieldDevice) async throws {
    let id = mission.id
    switch random.below(12) {
    case 0, 1: try await device.correctAddress(id, AddressCorrection(street: .set(token(.set))))
    case 2: try await device.correctAccess(id, AccessCorrection(comment: .set(token(.set))))
    case 3: try await device.correctAccess(id, AccessCorrection(keyPickup: .set(token(.set))))
    case 4:
      guard let contact = mission.people.isEmpty ? nil : random.pick(mission.people) else { return }
      try await device.correctContact(
        id, contact: contact.id, ContactCorrection(addressComplement: .set(token(.set))))
    case 5:
      guard let contact = mission.people.isEmpty ? nil : random.pick(mission.people) else { return }
      var emails = contact.additionalEmails
      if emails.count > 6 { emails.remove(at: random.below(emails.count)) }
      try await device.correctContact(
        id, contact: contact.id,
        ContactCorrection(additionalEmails: .set(emails + ["\(token(.list))@example.test"])))
    case 6: try await device.addOutbuilding(id, .cellar, lotNumber: token(.creation))
    case 7:
      guard let one = mission.outbuildings.isEmpty ? nil : random.pick(mission.outbuildings) else { return }
      try await device.correctOutbuilding(id, one.id, comment: .set(token(.set)))
    case 8:
      guard mission.outbuildings.count > 2 else { return }
      try await device.removeOutbuilding(id, random.pick(mission.outbuildings).id)
    case 9: try await device.choosePayer(id, new: ContactCorrection(lastName: .set(token(.creation))))
    case 10:
      let shown = mission.notes ?? ""
      let token = token(.note)
      let kept = shown.utf8.count > 2_000 ? "" : shown
      try await device.writeNotes(id, kept.isEmpty ? token : kept + "\n---\n" + token)
    default:
      if let one = mission.diagnostics.randomElement(using: &random) {
        try await device.setPreConclusion(id, diagnostic: one.id, token(.set))
      } else {
        try await device.addDiagnostic(id, code: random.pick(mission.catalogue).code)
      }
    }
  }

  // MARK: The end

  /// Syncs until nothing is left to send; the version that it then shows.
  func settle() async throws -> Int64 {
    for attempt in 1...40 {
      do {
        guard let report = try await device?.sync() else { return 0 }
        if report.isWiped {
          try await replace()
          continue
        }
        if try await device?.unsentCount == 0 { return report.version }
      } catch {
        guard attempt < 40 else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
    throw Wedged(
      detail: "device \(index) still holds \(try await device?.unsentCount ?? 0) edits after 40 syncs")
  }

  /// What the device's own comparison with the server found, in words.
  func differences() async throws -> String? {
    var verification: Verification?
    for attempt in 1... {
      do {
        verification = try await device?.verify().verification
        break
      } catch SyncError.offline where attempt < 5 {}
    }
    guard case .differed(let types) = verification else { return nil }
    return "the digest of device \(index) differs in \(types.joined(separator: ", "))"
  }

  func rows() async throws -> [EntityKey: LocalEntity] { try await device?.rows() ?? [:] }

  func close() throws { try device?.close() }
}

struct Wedged: Error, CustomStringConvertible {
  let detail: String
  var description: String { detail }
}

/// A value that somebody typed, known by a text that occurs nowhere else.
struct TypedToken: Sendable, Hashable {
  enum Kind: Sendable { case set, note, list, creation }
  let text: String
  let kind: Kind
  /// The device's id; empty for the office.
  let device: String
  let author: Int
}
