import AsyncHTTPClient
import ConstatCore
import Foundation
import NIOCore
import NIOHTTP1
import Seeds

/// The office: edits the dossiers that are out in the field, gives missions to others, decides conflicts and parked edits,
/// revokes devices. It looks before it writes, and its write names what it saw (`If-Match`).
actor OfficeDesk {
  /// What a technician asks of the office.
  enum Wish: Sendable { case takeAway(mission: String) }

  private let world: World
  private let staff: OrganizationStore.Person
  private let plan: SimulationPlan
  private var technicians: [OrganizationStore.Person] = []
  private var random: SeededRandom
  private var tokens = 0
  private var wishes: [Wish] = []
  private var appointments: [String: String] = [:]
  private(set) var dossiers: [String] = []
  private var contacts: [String] = []
  private var buildings: [(building: String, module: String)] = []
  private var revocations = 0
  /// Typed and answered with success: these may not be lost. Those without an answer may or may not have arrived.
  private(set) var typed: [TypedToken] = []
  private(set) var tally = Tally()
  private(set) var faults: [String] = []

  init(world: World, staff: OrganizationStore.Person, plan: SimulationPlan) {
    self.world = world
    self.staff = staff
    self.plan = plan
    random = SeededRandom(seed: plan.seed &+ 15_485_863)
  }

  func wish(_ wish: Wish) { wishes.append(wish) }

  // MARK: The first day

  /// Three missions for each technician, some of one owner, some in one building.
  func prepare(_ people: [OrganizationStore.Person]) async throws {
    technicians = people
    for number in 0..<max(2, people.count) {
      contacts.append(try await made("/v1/contacts", ["last_name": .string("Owner \(number)")]))
    }
    let building = try await made(
      "/v1/buildings", ["name": "Résidence du Port", "street": "1 rue du Port", "city": "Bayonne"])
    let module = try await made("/v1/buildings/\(building)/modules", ["label": "Lot 1"])
    buildings = [(building, module)]
    for technician in people {
      for _ in 0..<3 { try await plan(for: technician) }
    }
  }

  private func plan(for technician: OrganizationStore.Person) async throws {
    var members: [String: JSONValue] = [
      "nature": "sale_rental_management", "street": "1 rue Neuve", "city": "Bayonne",
      "owner_id": .string(random.pick(contacts)), "diagnostics": ["dpe", "gas"],
      "outbuildings": [["kind": "cellar", "lot_number": "1"]],
    ]
    if random.chance(40) {
      let place = random.pick(buildings)
      members["building_id"] = .string(place.building)
      members["module_id"] = .string(place.module)
    }
    let dossier = try await made("/v1/dossiers", .object(members))
    dossiers.append(dossier)
    let day = 1 + random.below(27)
    appointments[dossier] = try await made(
      "/v1/appointments",
      [
        "dossier_id": .string(dossier), "technician_id": .string(technician.wire),
        "starts_at_local": .string("2027-01-\(day < 10 ? "0" : "")\(day)T09:00"), "duration_minutes": 60,
        "allow_overlap": true,
      ])
  }

  private func made(_ path: String, _ body: JSONValue) async throws -> String {
    let answer = try await call(.POST, path, body)
    guard answer.status == 201, let id = answer.json["id"]?.string else {
      throw Unprepared(detail: "\(path): \(answer.status) \(answer.json)")
    }
    return id
  }

  // MARK: The day's work

  func work(until end: ContinuousClock.Instant) async {
    while ContinuousClock.now < end, !Task.isCancelled {
      do {
        if case .takeAway(let mission) = wishes.popLast() {
          try await reassign(mission)
        } else {
          try await act()
        }
        try await Task.sleep(for: .milliseconds(20 + random.below(80)))
      } catch is CancellationError {
        return
      } catch {
        // No answer: the server was away, and what became of the last request is not known.
        tally.add("office calls cut")
        try? await Task.sleep(for: .milliseconds(150))
      }
    }
  }

  private func act() async throws {
    let dossier = random.pick(dossiers)
    switch random.below(20) {
    case 0...2: try await type(in: "/v1/dossiers/\(dossier)", "street")
    case 3: try await type(in: "/v1/dossiers/\(dossier)", "access_comment")
    case 4: try await type(in: "/v1/dossiers/\(dossier)", "key_pickup")
    case 5, 6: try await type(in: "/v1/contacts/\(random.pick(contacts))", "address_complement")
    case 7, 8: try await note(dossier)
    case 9: try await addEmail(random.pick(contacts))
    case 10: try await outbuilding(dossier)
    case 11: try await removeOutbuilding(dossier)
    case 12,
      13 where plan.troubles.contains(.reassignments):
      try await reassign(dossier)
    case 14: if dossiers.count < technicians.count * 6 { try await plan(for: random.pick(technicians)) }
    case 15, 16: try await decideConflict()
    case 17: try await decideParked()
    case 18 where plan.troubles.contains(.revocation): if random.chance(15) { try await revoke() }
    default: break
    }
  }

  private func token() -> String {
    tokens += 1
    return "o0n\(tokens)e"
  }

  private func keep(_ token: String, _ kind: TypedToken.Kind) {
    typed.append(TypedToken(text: token, kind: kind, device: "", author: -1))
    tally.add("office edits")
  }

  /// One field, over what it was; somebody else's change in between is looked at again another day.
  private func type(in path: String, _ field: String) async throws {
    let token = token()
    try await change(path, token, .set) { _ in [field: .string(token)] }
  }

  private func change(
    _ path: String, _ token: String, _ kind: TypedToken.Kind, _ body: (JSONValue) -> [String: JSONValue]
  ) async throws {
    let now = try await call(.GET, path)
    guard now.status == 200 else { return }
    let answer = try await call(.PATCH, path, .object(body(now.json)), ifMatch: now.etag)
    if answer.status == 200 { keep(token, kind) } else { expect(answer, [409, 412], "PATCH \(path)") }
  }

  private func note(_ dossier: String) async throws {
    let token = token()
    try await change("/v1/dossiers/\(dossier)", token, .note) { now in
      let shown = now["notes"]?.string ?? ""
      return ["notes": .string(shown.isEmpty || shown.utf8.count > 3_000 ? token : shown + "\n---\n" + token)]
    }
  }

  private func addEmail(_ contact: String) async throws {
    let token = token()
    try await change("/v1/contacts/\(contact)", token, .list) { now in
      let shown = now["additional_emails"]?.array ?? []
      return ["additional_emails": .array(shown.suffix(6) + [.string("\(token)@example.test")])]
    }
  }

  private func outbuilding(_ dossier: String) async throws {
    let token = token()
    let answer = try await call(
      .POST, "/v1/dossiers/\(dossier)/outbuildings", ["kind": "garage", "lot_number": .string(token)])
    if answer.status == 201 { keep(token, .creation) } else { expect(answer, [409], "POST outbuildings") }
  }

  private func removeOutbuilding(_ dossier: String) async throws {
    let all = try await call(.GET, "/v1/dossiers/\(dossier)/outbuildings").json["items"]?.array ?? []
    guard all.count > 2, let id = random.pick(all)["id"]?.string else { return }
    let now = try await call(.GET, "/v1/outbuildings/\(id)")
    guard now.status == 200 else { return }
    expect(
      try await call(.DELETE, "/v1/outbuildings/\(id)", ifMatch: now.etag), [204, 404, 412],
      "DELETE outbuilding")
  }

  private func reassign(_ dossier: String) async throws {
    guard let appointment = appointments[dossier] else { return }
    let answer = try await call(
      .PATCH, "/v1/appointments/\(appointment)",
      ["technician_id": .string(random.pick(technicians).wire), "allow_overlap": true], ifMatch: "*")
    if answer.status == 200 {
      tally.add("reassignments")
    } else {
      expect(answer, [409, 412], "reassignment")
    }
  }

  private func decideConflict() async throws {
    let open = try await call(.GET, "/v1/sync/conflicts?state=open&limit=50").json["items"]?.array ?? []
    guard !open.isEmpty, let id = random.pick(open)["id"]?.string else { return }
    let choice = random.chance(50) ? "mine" : "theirs"
    let answer = try await call(.POST, "/v1/sync/conflicts/\(id)/resolve", ["choice": .string(choice)])
    if answer.status == 200 { tally.add("conflicts decided") } else { expect(answer, [409, 422], "resolve") }
  }

  private func decideParked() async throws {
    let parked = try await call(.GET, "/v1/sync/parked?state=parked&limit=50").json["items"]?.array ?? []
    guard !parked.isEmpty, let id = random.pick(parked)["id"]?.string else { return }
    let verb = random.chance(70) ? "apply" : "dismissal"
    let answer = try await call(.POST, "/v1/sync/parked/\(id)/\(verb)", [:])
    if answer.status == 200 { tally.add("parked edits decided") } else { expect(answer, [409, 422], verb) }
  }

  private func revoke() async throws {
    let devices = try await call(.GET, "/v1/devices?limit=100").json["items"]?.array ?? []
    let active = devices.filter { $0["revoked_at"]?.isNull ?? true }
    guard revocations < technicians.count, !active.isEmpty, let id = random.pick(active)["id"]?.string else {
      return
    }
    let answer = try await call(.DELETE, "/v1/devices/\(id)", ifMatch: "*")
    if answer.status == 204 {
      revocations += 1
      tally.add("revocations")
    }
  }

  // MARK: Calls

  /// Notes an answer that is neither success nor one of those expected here.
  private func expect(_ answer: Answer, _ statuses: Set<Int>, _ what: String) {
    guard answer.status >= 300, !statuses.contains(answer.status), answer.status != 503 else { return }
    faults.append("\(what) answered \(answer.status) \(answer.json)")
  }

  private struct Answer: Sendable {
    let status: Int
    let etag: String
    let json: JSONValue
  }

  private func call(
    _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, ifMatch: String? = nil
  ) async throws -> Answer {
    guard let address = world.address else { throw Away() }
    var request = HTTPClientRequest(url: address + path)
    request.method = method
    request.headers.add(name: "Authorization", value: "Bearer \(staff.token)")
    if let ifMatch { request.headers.add(name: "If-Match", value: ifMatch) }
    if let body {
      let type = method == .PATCH ? "application/merge-patch+json" : "application/json"
      request.headers.add(name: "Content-Type", value: type)
      request.headers.add(name: "Idempotency-Key", value: "\(plan.seed)-\(random.next())")
      request.body = .bytes(ByteBuffer(bytes: body.serialized()))
    }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let bytes = try await response.body.collect(upTo: 16 << 20)
    return Answer(
      status: Int(response.status.code), etag: response.headers.first(name: "ETag") ?? "*",
      json: (try? JSONValue.parse(Array(bytes.readableBytesView))) ?? .null)
  }
}

private struct Away: Error {}

struct Unprepared: Error, CustomStringConvertible {
  let detail: String
  var description: String { detail }
}
