import AsyncHTTPClient
import ConstatCore
import ConstatSync
import Foundation
import NIOCore
import NIOHTTP1
import Seeds

/// The office: edits the dossiers that are out in the field, gives missions to others, decides conflicts, proposals and
/// parked edits, takes money, revokes devices. It looks before it writes, and its write names what it saw (`If-Match`).
actor OfficeDesk {
  /// What the office is made to do while a device cannot know of it.
  enum Wish: Sendable {
    case takeAway(mission: String)
    case pay(mission: String)
    case changeSigned(mission: String)
    case revoke(device: String)
    case withhold
    case stopCards
  }

  private let world: World
  private let staff: OrganizationStore.Person
  let plan: SimulationPlan
  private var technicians: [OrganizationStore.Person] = []
  var random: SeededRandom
  private var tokens = 0
  private var wishes: [Wish] = []
  private(set) var wishesCarriedOut = 0
  private var appointments: [String: String] = [:]
  private(set) var dossiers: [String] = []
  /// What each dossier costs: a technician who is not shown the price asks.
  private(set) var prices: [String: Money] = [:]
  var withheld = WithheldInformation.none
  private var contacts: [String] = []
  private var buildings: [(building: String, module: String)] = []
  private(set) var revoked: Set<String> = []
  /// Typed and answered with success: these may not be lost. Those without an answer may or may not have arrived.
  private(set) var typed: [TypedToken] = []
  var payments: [TakenPayment] = []
  var tally = Tally()
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
    _ = try await made(
      "/v1/companies",
      [
        "name": "Diagnostics du Port SARL", "siren": "732829320", "siret": "73282932000074",
        "vat_number": "FR44732829320", "street": "1 rue du Port", "postcode": "64100", "city": "Bayonne",
        "iban": "FR1420041010050500013M02606", "bic": "PSSTFRPPBOR",
      ])
    let building = try await made(
      "/v1/buildings", ["name": "Résidence du Port", "street": "1 rue du Port", "city": "Bayonne"])
    let module = try await made("/v1/buildings/\(building)/modules", ["label": "Lot 1"])
    buildings = [(building, module)]
    for technician in people {
      for _ in 0..<3 { try await plan(for: technician) }
    }
    _ = try await offerCards(true)
    if plan.troubles.contains(.withholding) { try await withhold() }
  }

  private func plan(for technician: OrganizationStore.Person) async throws {
    let owner = JSONValue.string(random.pick(contacts))
    let price = Money(cents: 12_000 + 600 * Int64(dossiers.count))
    var members: [String: JSONValue] = [
      "nature": "sale_rental_management", "street": "1 rue Neuve", "city": "Bayonne",
      "owner_id": owner, "payer_id": owner, "diagnostics": ["dpe", "gas"],
      "price_incl_tax_cents": .integer(price.cents),
      "outbuildings": [["kind": "cellar", "lot_number": "1"]],
    ]
    if random.chance(40) {
      let place = random.pick(buildings)
      members["building_id"] = .string(place.building)
      members["module_id"] = .string(place.module)
    }
    let dossier = try await made("/v1/dossiers", .object(members))
    dossiers.append(dossier)
    prices[dossier] = price
    let day = 1 + random.below(27)
    appointments[dossier] = try await made(
      "/v1/appointments",
      [
        "dossier_id": .string(dossier), "technician_id": .string(technician.wire),
        "starts_at_local": .string("2027-01-\(day < 10 ? "0" : "")\(day)T09:00"), "duration_minutes": 60,
        "allow_overlap": true,
      ])
    if random.chance(60) { try await invoice(dossier) }
  }

  func made(_ path: String, _ body: JSONValue) async throws -> String {
    let answer = try await call(.POST, path, body)
    guard answer.status == 201, let id = answer.json["id"]?.string else {
      // What it is about may have gone with a restore.
      if answer.status == 503 || world.chronicle.hasForgotten { throw Away() }
      throw Unexpected(detail: "\(path): \(answer.status) \(answer.json)")
    }
    return id
  }

  // MARK: The day's work

  /// Until it is cancelled: technicians may have wishes to the last.
  func work() async {
    while !Task.isCancelled {
      do {
        if let wish = wishes.popLast() { try await carryOut(wish) } else { try await act() }
        try await Task.sleep(for: .milliseconds(20 + random.below(80)))
      } catch is CancellationError {
        return
      } catch let error as Unexpected {
        faults.append("the office: \(error)")
      } catch {
        // No answer: the server was away, and what became of the last request is not known.
        tally.add("office calls cut")
        try? await Task.sleep(for: .milliseconds(150))
      }
    }
  }

  private func carryOut(_ wish: Wish) async throws {
    defer { wishesCarriedOut += 1 }
    switch wish {
    case .takeAway(let mission): try await reassign(mission)
    case .pay(let mission): if try await receive(mission) { tally.add(.doublePayments) }
    case .changeSigned(let mission): try await changeSigned(mission)
    case .revoke(let device): try await revoke(device)
    case .withhold: try await withhold()
    case .stopCards: if try await offerCards(false) { tally.add(.cardStops) }
    }
  }

  private func act() async throws {
    let dossier = random.pick(dossiers)
    switch random.below(22) {
    case 0...2: try await type(in: "/v1/dossiers/\(dossier)", "street")
    case 3: try await type(in: "/v1/dossiers/\(dossier)", "access_comment")
    case 4: try await type(in: "/v1/dossiers/\(dossier)", "key_pickup")
    case 5, 6:
      let field = random.pick(["street", "address_complement"])
      try await type(in: "/v1/contacts/\(random.pick(contacts))", field)
    case 7, 8: try await note(dossier)
    case 9: try await addEmail(random.pick(contacts))
    case 10: try await outbuilding(dossier)
    case 11: try await removeOutbuilding(dossier)
    case 12...13 where plan.troubles.contains(.reassignments): try await reassign(dossier)
    case 14: if dossiers.count < technicians.count * 6 { try await plan(for: random.pick(technicians)) }
    case 15, 16: try await decideConflict()
    case 17: try await decideParked()
    case 18 where plan.troubles.contains(.revocation): if random.chance(15) { try await revokeSomeone() }
    case 19: _ = try await receive(dossier)
    case 20: try await decideProposal()
    case 21: _ = try await offerCards(true)
    default: break
    }
  }

  /// What is about to be sent, and the stretch of the day that it is then.
  struct Draft: Sendable {
    let token: String
    let since: Int
  }

  func draft() -> Draft {
    tokens += 1
    return Draft(token: "o0n\(tokens)e", since: world.chronicle.now)
  }

  func keep(_ draft: Draft, _ kind: TypedToken.Kind) {
    typed.append(
      TypedToken(
        text: draft.token, kind: kind, device: "", author: -1, stretches: draft.since...world.chronicle.now))
    tally.add("office edits")
  }

  /// What the office typed and a restored server cannot know any more.
  var beyondRecall: Set<String> {
    Set(typed.filter { world.chronicle.hasForgotten($0.stretches) }.map(\.text))
  }

  /// One field, over what it was; somebody else's change in between is looked at again another day.
  private func type(in path: String, _ field: String) async throws {
    let draft = draft()
    try await change(path, draft, .set) { _ in [field: .string(draft.token)] }
  }

  /// Nil where it was not carried out.
  @discardableResult
  func change(
    _ path: String, _ draft: Draft, _ kind: TypedToken.Kind, _ body: (JSONValue) -> [String: JSONValue]
  ) async throws -> JSONValue? {
    let now = try await call(.GET, path)
    guard now.status == 200 else {
      expect(now, [], "GET \(path)")
      return nil
    }
    let answer = try await call(.PATCH, path, .object(body(now.json)), ifMatch: now.etag)
    guard answer.status == 200 else {
      expect(answer, [409, 412], "PATCH \(path)")
      return nil
    }
    keep(draft, kind)
    return answer.json
  }

  private func note(_ dossier: String) async throws {
    let draft = draft()
    try await change("/v1/dossiers/\(dossier)", draft, .note) { now in
      let (token, shown) = (draft.token, now["notes"]?.string ?? "")
      return ["notes": .string(shown.isEmpty || shown.utf8.count > 3_000 ? token : shown + "\n---\n" + token)]
    }
  }

  private func addEmail(_ contact: String) async throws {
    let draft = draft()
    try await change("/v1/contacts/\(contact)", draft, .list) { now in
      let shown = now["additional_emails"]?.array ?? []
      return ["additional_emails": .array(shown.suffix(6) + [.string("\(draft.token)@example.test")])]
    }
  }

  private func outbuilding(_ dossier: String) async throws {
    let draft = draft()
    let answer = try await call(
      .POST, "/v1/dossiers/\(dossier)/outbuildings", ["kind": "garage", "lot_number": .string(draft.token)])
    if answer.status == 201 { keep(draft, .creation) } else { expect(answer, [409], "POST outbuildings") }
  }

  private func removeOutbuilding(_ dossier: String) async throws {
    let all = try await call(.GET, "/v1/dossiers/\(dossier)/outbuildings").json["items"]?.array ?? []
    guard all.count > 2, let id = random.pick(all)["id"]?.string else { return }
    let now = try await call(.GET, "/v1/outbuildings/\(id)")
    guard now.status == 200 else { return }
    expect(
      try await call(.DELETE, "/v1/outbuildings/\(id)", ifMatch: now.etag), [202, 204, 404, 412],
      "DELETE outbuilding")
  }

  private func reassign(_ dossier: String) async throws {
    guard let appointment = appointments[dossier] else { return }
    let answer = try await call(
      .PATCH, "/v1/appointments/\(appointment)",
      ["technician_id": .string(random.pick(technicians).wire), "allow_overlap": true], ifMatch: "*")
    if answer.status == 200 {
      tally.add(.reassignments)
    } else {
      expect(answer, [409, 412], "reassignment")
    }
  }

  private func decideConflict() async throws {
    let open = try await call(.GET, "/v1/sync/conflicts?state=open&limit=50").json["items"]?.array ?? []
    guard !open.isEmpty, let id = random.pick(open)["id"]?.string else { return }
    let choice = random.pick(["mine", "theirs", "keep"])
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

  private func revokeSomeone() async throws {
    let devices = try await call(.GET, "/v1/devices?limit=100").json["items"]?.array ?? []
    let active = devices.filter { $0["revoked_at"]?.isNull ?? true }
    guard revoked.count < technicians.count, !active.isEmpty, let id = random.pick(active)["id"]?.string
    else {
      return
    }
    try await revoke(id)
  }

  private func revoke(_ device: String) async throws {
    let answer = try await call(.DELETE, "/v1/devices/\(device)", ifMatch: "*")
    guard answer.status == 204 else { return expect(answer, [], "DELETE device") }
    revoked.insert(device)
    tally.add(.revocation)
  }

  // MARK: Calls

  /// Notes an answer that is neither success nor one of those expected here. What a restored server never heard of is
  /// not there.
  func expect(_ answer: Answer, _ statuses: Set<Int>, _ what: String) {
    guard answer.status >= 300, !statuses.contains(answer.status), answer.status != 503 else { return }
    if answer.status == 404, world.chronicle.hasForgotten { return }
    faults.append("\(what) answered \(answer.status) \(answer.json)")
  }

  struct Answer: Sendable {
    let status: Int
    let etag: String
    let json: JSONValue
  }

  func call(
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

struct Unexpected: Error, CustomStringConvertible {
  let detail: String
  var description: String { detail }
}
