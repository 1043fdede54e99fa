import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation
import Seeds

/// A technician with a device: edits, walks, photos, syncs, and the accidents of all of them. What is typed carries a token
/// that occurs nowhere else, so that it can be looked for afterwards.
actor SimulatedTechnician {
  /// One file of a device. A device that enrols anew is another one to the server, with the same journal; one that was
  /// wiped has nothing more to tell.
  struct Life: Sendable {
    var devices: [String]
    /// The chronicle's stretch at whose end it was wiped.
    var wipedIn: Int?
  }

  let index: Int
  let person: OrganizationStore.Person
  let plan: SimulationPlan
  let office: OfficeDesk
  private let chronicle: Chronicle
  /// To the server, through this device's lane of the bad network.
  private let proxy: String
  private let transport: Transport
  private let directory: String
  /// Two devices of one technician do not walk through the same mission order.
  let isWalking: Bool
  private var isToBeLost: Bool
  private(set) var day: Day?
  var random: SeededRandom
  private var files = 0
  private var tokens = 0

  private(set) var file = ""
  private(set) var device: FieldDevice?
  /// The present one last.
  private(set) var lives: [Life] = []
  var typed: [TypedToken] = []
  var photos: [TakenPhoto] = []
  var lastPhoto: [UInt8] = []
  var payments: [TakenPayment] = []
  var tally = Tally()
  private(set) var durations: [Duration] = []
  /// What should not have happened, in words.
  var faults: [String] = []

  init(
    index: Int, person: OrganizationStore.Person, isWalking: Bool, plan: SimulationPlan, office: OfficeDesk,
    proxy: String, world: World
  ) throws {
    self.index = index
    self.person = person
    self.isWalking = isWalking
    self.plan = plan
    self.office = office
    directory = world.directory
    chronicle = world.chronicle
    self.proxy = proxy + "/\(index)"
    transport = try .signedIn(person, at: self.proxy, timeoutSeconds: 2)
    random = SeededRandom(seed: plan.seed &+ 104_729 &* UInt64(index + 1))
    isToBeLost = plan.troubles.contains(.revocation) && index == min(1, plan.devices - 1)
  }

  // MARK: The device

  /// Enrols, as often as it takes.
  func enrol() async throws {
    files += 1
    file = "\(directory)/device-\(index)-\(files).sqlite"
    for attempt in 1... {
      do {
        device = try await FieldDevice.enrol(
          file: file, server: proxy, email: "-", password: "-", name: "Device \(index)", transport: transport,
          environment: environment)
        break
      } catch  where attempt < 60 {
        try await Task.sleep(for: .milliseconds(200))
      }
    }
    if let id = try await device?.enrolment().device { lives.append(Life(devices: [id])) }
  }

  /// What an app does where its sign-in is not accepted any more: the technician signs in anew.
  private func enrolAgain() async throws {
    guard chronicle.hasForgotten else {
      faults.append("device \(index) was told to enrol anew by a server that forgot nothing")
      return
    }
    try await device?.enrolAgain(email: "-", password: "-")
    if let id = try await device?.enrolment().device { lives[lives.count - 1].devices.append(id) }
    tally.add("devices enrolled anew")
  }

  private var environment: DeviceEnvironment {
    var environment = DeviceEnvironment.system
    // Small pages are cut often; with larger ones a device hears of most that happens.
    environment.pageEvents = 9 << (index % 3)
    return environment
  }

  private func reopen() async throws {
    try device?.close()
    device = try await FieldDevice.open(file: file, transport: transport, environment: environment)
  }

  /// Runs what needs the network; false where that broke.
  @discardableResult
  func online(_ what: String, _ body: () async throws -> Void) async throws -> Bool {
    do {
      do {
        try await body()
        return true
      } catch SyncError.signInRefused, SyncError.enrolmentNeeded {
        try await enrolAgain()
      }
    } catch SyncError.offline, SyncError.serverBusy {
      tally.add(what + " cut")
    } catch SyncError.revoked {
      // Files wait for their time: the device is wiped once they are sent.
      tally.add("rescues put off")
    }
    return false
  }

  // MARK: A day's work

  func work(during day: Day) async {
    self.day = day
    if isWalking { await noting { try await visit() } }
    while !day.isOver, !Task.isCancelled {
      if day.isHalfOver, isQuiet { await noting { try await loseDevice() } }
      await noting { try await act() }
    }
    // A saboteur who is late is waited for.
    for _ in 0..<200 where isToBeLost && !isQuiet { try? await Task.sleep(for: .milliseconds(50)) }
    await noting { try await loseDevice() }
    if isWalking { await noting { try await changeSigned() } }
  }

  /// True after a restore, where there is to be one: what a device tells before and is wiped of may go with the server.
  private var isQuiet: Bool { chronicle.hasForgotten || !plan.troubles.contains(.restore) }

  /// What is thrown is a fault.
  private func noting(_ body: () async throws -> Void) async {
    do { try await body() } catch is CancellationError {} catch { faults.append("device \(index): \(error)") }
  }

  private func act() async throws {
    switch random.below(100) {
    case ..<34: try await edit()
    case ..<46: try await walkOn()
    case ..<54: try await takePhoto()
    case ..<78:
      // As an app does: again, where the network broke.
      for _ in 0..<3 { if try await syncOnce() { break } }
    case ..<84: try await sendPhotos()
    case ..<88 where plan.troubles.contains(.deviceKills): try await die()
    case ..<92 where plan.troubles.contains(.lateEdits): try await workTooLate()
    default: try await Task.sleep(for: .milliseconds(random.below(120)))
    }
  }

  /// One sync, through whatever the network does to it; false where that broke it.
  @discardableResult
  func syncOnce() async throws -> Bool {
    let start = ContinuousClock.now
    if plan.troubles.contains(.appKills), random.chance(12) {
      try await syncAndDie(afterPages: 1 + random.below(4))
      return true
    }
    return try await online("syncs") {
      guard let report = try await device?.sync() else { return }
      tally.add("syncs")
      if case .differed(let types) = report.verification {
        faults.append("device \(index) compared itself with the server and differs in \(types)")
      }
      durations.append(ContinuousClock.now - start)
      tally.add("mutations answered", report.results.count)
      if report.isWiped { try await replace() } else { try await noteSettled() }
    }
  }

  /// Where nothing waits, all that was typed is settled.
  private func noteSettled() async throws {
    guard try await device?.unsentCount == 0 else { return }
    for place in typed.indices where typed[place].settledBy == nil {
      typed[place].settledBy = chronicle.now
      day?.saw(edits: 1)
      chronicle.settle(typedIn: typed[place].stretches.upperBound)
    }
  }

  /// A device that was revoked and is empty now: its technician gets another.
  private func replace() async throws {
    tally.add("devices replaced")
    lives[lives.count - 1].wipedIn = chronicle.now
    let left = try await device?.rows().count ?? 0
    if left > 0 { faults.append("device \(index): wiped, and \(left) rows are left") }
    try device?.close()
    device = nil
    try await enrol()
  }

  /// What this technician typed and a restored server cannot know any more: the backup was older, and the device that
  /// could have told it again was wiped in between. What an earlier restore had taken counts as told with the last push.
  var beyondRecall: Set<String> {
    var gone: Set<String> = []
    for life in lives {
      guard let end = life.wipedIn, chronicle.hasForgotten(end...end) else { continue }
      for token in typed
      where life.devices.contains(token.device)
        && token.settledBy.map({ $0 >= end || chronicle.hasForgotten($0...$0) }) ?? true
      {
        gone.insert(token.text)
      }
    }
    return gone
  }

  /// Photos of which a restored server does not know any more that it has the bytes, and whose device was wiped in between.
  var unvouched: Set<String> {
    let wiped = lives.filter { life in life.wipedIn.map { chronicle.hasForgotten($0...$0) } ?? false }
    let devices = Set(wiped.flatMap(\.devices))
    return Set(typed.filter { devices.contains($0.device) }.map(\.text))
  }

  // MARK: Accidents

  /// The app dies between two pages: what is on the disk then is all that there will be.
  private func syncAndDie(afterPages pages: Int) async throws {
    let image = "\(directory)/device-\(index)-\(files)-\(tokens)-\(random.below(1 << 30)).sqlite"
    let (file, device) = (file, device)
    let isDead = Flag()
    let sync = Task {
      try await device?.sync { progress in
        guard case .pulling(let count, _) = progress, count == pages, !isDead.isSet else { return }
        // Nobody else writes to the file here, so a copy is what a power cut leaves.
        for suffix in ["", "-wal", "-attachments"]
        where FileManager.default.fileExists(atPath: file + suffix) {
          try? FileManager.default.copyItem(atPath: file + suffix, toPath: image + suffix)
        }
        isDead.set()
      }
    }
    let report = try? await sync.value
    if isDead.isSet { tally.add(.appKills) }
    if report?.isWiped == true { return try await replace() }
    guard isDead.isSet else { return }
    try device?.close()
    self.file = image
    try await reopen()
  }

  /// Switched off in the middle of a sync or of an upload, or of nothing.
  private func die() async throws {
    tally.add(.deviceKills)
    let device = device
    let isUploading = random.chance(30)
    let exchange = Task {
      if isUploading { try await device?.uploadAttachments() }
      return isUploading ? nil : try await device?.sync()
    }
    try? await Task.sleep(for: .milliseconds(random.below(60)))
    exchange.cancel()
    if let report = try? await exchange.value, report.isWiped { return try await replace() }
    try await reopen()
  }

  /// Edits of a mission that the office gives away before they are sent.
  private func workTooLate() async throws {
    guard let mission = try await anyMission() else { return }
    try await edit(mission)
    try await ask(.takeAway(mission: mission.id))
    if isWalking, random.chance(40) { try await walkOn(mission.id) } else { try await edit(mission) }
    tally.add(.lateEdits)
  }

  /// The office revokes this device, once, which has something to tell and is worked with until it hears of it.
  private func loseDevice() async throws {
    guard isToBeLost else { return }
    isToBeLost = false
    for _ in 0..<20 where try await anyMission() == nil { try await syncOnce() }
    guard let mission = try await anyMission()?.id, let id = lives.last?.devices.last else { return }
    try await takePhoto()
    try await typing("edits") {
      _ = try await device?.addOutbuilding(mission, .cellar, lotNumber: token(.creation))
    }
    for _ in 0..<20 where await !office.revoked.contains(id) { try await ask(.revoke(device: id)) }
    try await typing("edits") {
      _ = try await device?.addOutbuilding(mission, .garage, lotNumber: token(.creation))
    }
    for _ in 0..<20 where lives.last?.devices.last == id { try await syncOnce() }
  }

  /// Has the office do something, and waits until it has, or has tried.
  func ask(_ wish: OfficeDesk.Wish) async throws {
    let before = await office.wishesCarriedOut
    await office.wish(wish)
    for _ in 0..<40 {
      if await office.wishesCarriedOut > before { return }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  // MARK: What is typed

  func token(_ kind: TypedToken.Kind) -> String {
    tokens += 1
    let text = "t\(index)n\(tokens)e"
    let now = chronicle.now
    typed.append(
      TypedToken(
        text: text, kind: kind, device: lives.last?.devices.last ?? "", author: index, stretches: now...now))
    return text
  }

  /// An edit that may come to nothing because the row left, or somebody was faster, between the look and the touch:
  /// then nothing was typed. False in that case.
  @discardableResult
  func typing(_ what: String, _ body: () async throws -> Void) async throws -> Bool {
    let before = typed.count
    do {
      try await body()
      tally.add(what)
      return true
    } catch let error as DeviceError {
      switch error {
      case .notFound, .missionNotHere, .diagnosticPresent, .unknownDiagnostic, .orderNotStarted,
        .orderAlreadyStarted:
        typed.removeSubrange(before...)
        return false
      default: throw error
      }
    }
  }

  func anyMission() async throws -> Mission? {
    guard let missions = try await device?.missions(), !missions.isEmpty else { return nil }
    return random.pick(missions)
  }

  // MARK: The end

  /// Syncs and sends photos until nothing is left.
  func settle() async throws {
    try await settleEdits()
    try await settlePhotos()
  }

  private func settleEdits() async throws {
    for _ in 1...40 {
      try await hurryPhotos()
      var isSynced = false
      try await online("syncs") {
        isSynced = try await device?.sync().isWiped == false
        if !isSynced { try await replace() }
      }
      if isSynced, try await device?.unsentCount == 0 { return try await noteSettled() }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw Wedged(detail: "\(try await device?.unsentCount ?? 0) edits are left after 40 syncs")
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

extension Transport {
  /// To an address, where signing in is answered here: it is not what is tried.
  static func signedIn(
    _ person: OrganizationStore.Person, at address: String, timeoutSeconds: Double = 30
  ) throws -> Transport {
    let http = try Transport.http(address, timeoutSeconds: timeoutSeconds)
    let signIn = JSONValue.object(["access_token": .string(person.token)]).serialized()
    return Transport { request in
      request.path == "/v1/auth/login" ? Answer(status: 200, body: signIn) : try await http.send(request)
    }
  }
}
