import ConstatCore
import ConstatSync
import Gzip

@testable import ConstatDevice

/// A server in memory: ConstatSync's own decisions over rows without a database, behind the wire's bytes.
actor FakeServer {
  struct State: Sendable {
    var epoch = "e1"
    var forks: [String: Int64] = [:]
    /// How often the server was restored, which no backup knows.
    var restores = 0
    var version: Int64 = 0
    var rows: [EntityKey: EntityState] = [:]
    /// The technician's missions: on the device or not, since which version.
    var memberships: [String: (isIn: Bool, version: Int64, reason: String)] = [:]
    var journals: [String: Journal] = [:]
    var parked: [(seq: Int64, reason: ParkReason)] = []
    /// Effects carried out, in order: what was applied twice shows here.
    var effects: [(key: EntityKey, effect: Effect)] = []
  }

  struct Journal: Sendable {
    var secret: String
    var isRevoked = false
    var lmid: Int64 = 0
    var stored: [Int64: PushPlan.Stored] = [:]
  }

  let technician = "00000000-0000-7000-8000-00000000dead"
  var state = State()
  /// Events in a page, below what devices ask for.
  var pageLimit = 500
  private var tokens: [String: String] = [:]
  private(set) var tokensIssued = 0
  let signer = CursorSigner(keys: [[UInt8](repeating: 7, count: 32)])
  private(set) var pushes: [[UInt8]] = []
  var pulls: [PullRequest] = []
  var digests: [DigestRequest] = []
  private var refusesPushOfRevoked = false
  var uploads = FakeUploads()
  var tellsOtherwise = false
  var isTooNew = false

  nonisolated var transport: Transport {
    Transport { try await self.answer($0) }
  }

  // MARK: The office

  /// The office writes a row: a new version, by someone else than any device.
  func office(_ key: EntityKey, _ values: [String: JSONValue]) {
    state.version += 1
    var row = state.rows[key] ?? EntityState(key: key, values: [:], version: 0, born: state.version)
    for (field, value) in values where row.values[field] != value {
      row.values[field] = value
      if row.born != state.version { row.fieldVersions[field] = state.version }
    }
    seal(&row, by: Writer(actor: "user:office", device: nil))
  }

  func officeDeletes(_ key: EntityKey) {
    guard var row = state.rows[key] else { return }
    state.version += 1
    row.isDeleted = true
    row.fieldVersions = [:]
    seal(&row, by: Writer(actor: "user:office", device: nil))
  }

  func assign(_ mission: String) {
    state.version += 1
    state.memberships[mission] = (true, state.version, "")
  }

  func withdraw(_ mission: String, reason: String = "reassigned") {
    state.version += 1
    state.memberships[mission] = (false, state.version, reason)
  }

  func resolve(conflict id: String, with value: JSONValue) throws {
    let conflict = EntityKey(.syncConflict, id)
    guard let row = state.rows[conflict] else { return }
    let record = try ConflictRecord(json: .object(row.values), id: id)
    office(record.key, [record.field: value])
    office(conflict, ["state": "resolved", "resolution": ["value": value]])
  }

  func revoke(refusingPushes: Bool = false) {
    for device in state.journals.keys { state.journals[device]?.isRevoked = true }
    refusesPushOfRevoked = refusingPushes
  }

  func isAssigned(_ mission: String) -> Bool { state.memberships[mission]?.isIn ?? false }
  /// Its digest is never that of what it sends.
  func setTellsOtherwise() { tellsOtherwise = true }
  /// From now on the server speaks only schemas that no app has.
  func retireOldApps() { isTooNew = true }

  func setPageLimit(_ limit: Int) { pageLimit = limit }
  func expireTokens() { tokens = [:] }

  /// Goes back to an earlier state, as a restored backup does; its history parts from there.
  func restore(_ backup: State) {
    let restores = state.restores + 1
    state = backup
    state.restores = restores
    state.epoch = "e\(restores + 1)"
    state.forks[backup.epoch] = backup.version
    state.version = backup.version + 1_000
  }

  func values(_ key: EntityKey) -> [String: JSONValue]? {
    state.rows[key].flatMap { $0.isDeleted ? nil : $0.values }
  }

  var lmid: Int64 { state.journals.values.map(\.lmid).max() ?? 0 }

  /// All rows that the technician's devices should show, as they should show them.
  func scope() -> [EntityKey: [String: JSONValue]] {
    var rows: [EntityKey: [String: JSONValue]] = [:]
    for case .put(let entity) in events(after: .end(of: -1)) {
      rows[entity.key] = entity.fields.filter { !$0.value.isNull }
    }
    return rows
  }

  // MARK: The wire

  private func answer(_ request: Transport.Request) throws -> Transport.Answer {
    if request.path.hasPrefix("/v1/uploads") || request.method == "GET" { return file(request) }
    let bytes = request.isGzipped ? try Gzip.inflated(request.body, limit: 8 << 20) : request.body
    let body = try JSONValue.parse(bytes)
    if request.path == "/v1/auth/login" {
      guard body["password"]?.string == "correct horse" else { return problem(401, "unauthorized") }
      return json(["access_token": "user"])
    }
    if request.path == "/v1/devices" { return enrol(body) }
    if request.path.hasSuffix("/token") { return issueToken(request.path, body) }
    guard let token = request.token, let device = tokens[token], let journal = state.journals[device] else {
      return problem(401, "unauthorized")
    }
    if request.path == "/v1/sync/push" {
      pushes.append(bytes)
      if journal.isRevoked && refusesPushOfRevoked { return revoked(journal) }
      return try push(body, device)
    }
    if journal.isRevoked { return revoked(journal) }
    if request.path == "/v1/sync/digest" { return try digest(DigestRequest(json: body), device) }
    return try pull(PullRequest(json: body), device)
  }

  /// Files go and come beside the edits; rows are told of their bytes.
  private func file(_ request: Transport.Request) -> Transport.Answer {
    guard request.token.flatMap({ tokens[$0] }) != nil else { return problem(401, "unauthorized") }
    if request.method == "GET" {
      let id = String(request.path.dropFirst("/v1/attachments/".count).dropLast("/content".count))
      let sha256 = values(EntityKey(.attachment, id))?["sha256"]?.string
      guard let bytes = sha256.flatMap({ uploads.blobs[$0] }) else { return problem(404, "not-found") }
      return Transport.Answer(status: 200, body: bytes)
    }
    let answer = uploads.answer(request)
    settleFiles()
    return answer
  }

  /// Brings the rows' state in line with the bytes that are there.
  func settleFiles() {
    for (key, row) in state.rows where key.type == .attachment && !row.isDeleted {
      let isThere = row.values["sha256"]?.string.flatMap { uploads.blobs[$0] } != nil
      let name = isThere ? "stored" : "awaiting_blob"
      if row.values["state"]?.string != name { office(key, ["state": .string(name)]) }
    }
  }

  func changeUploads(_ body: @Sendable (inout FakeUploads) -> Void) {
    body(&uploads)
    settleFiles()
  }

  private func revoked(_ journal: Journal) -> Transport.Answer {
    problem(403, "device-revoked", ["wipe_after_push": true, "lmid": .integer(journal.lmid)])
  }

  private func enrol(_ body: JSONValue) -> Transport.Answer {
    let id = DeviceEnvironment.system.newID()
    state.journals[id] = Journal(secret: "secret of \(id)")
    return json(
      [
        "id": .string(id), "technician_id": .string(technician), "name": body["name"] ?? .null,
        "platform": body["platform"] ?? .null, "secret": .string("secret of \(id)"), "lmid": 0,
        "epoch": .string(state.epoch), "forks": .object(state.forks.mapValues { .integer($0) }),
        "schema": ["min": 1, "max": 1], "clock": "2026-11-22T09:00:00Z",
      ], status: 201)
  }

  private func issueToken(_ path: String, _ body: JSONValue) -> Transport.Answer {
    let device = String(path.dropFirst("/v1/devices/".count).dropLast("/token".count))
    guard let journal = state.journals[device], journal.secret == body["secret"]?.string else {
      return problem(401, "unauthorized")
    }
    tokensIssued += 1
    tokens["token \(tokensIssued)"] = device
    return json(["access_token": .string("token \(tokensIssued)"), "token_type": "Bearer", "expires_in": 900])
  }

  func json(_ value: JSONValue, status: Int = 200) -> Transport.Answer {
    Transport.Answer(status: status, body: value.serialized())
  }

  func problem(
    _ status: Int, _ code: String, _ members: [String: JSONValue] = [:]
  ) -> Transport.Answer {
    json(.object(members.merging(["code": .string(code), "title": "Refusé"]) { $1 }), status: status)
  }

  // MARK: Push

  private func push(_ body: JSONValue, _ device: String) throws -> Transport.Answer {
    let request = try PushRequest(json: body)
    guard let journal = state.journals[device] else { return problem(401, "unauthorized") }
    let plan: PushPlan
    do {
      plan = try PushPlan(request, from: device, lmid: journal.lmid, stored: journal.stored)
    } catch PushError.sequenceGap(let lmid) {
      return problem(409, "sequence-gap", ["lmid": .integer(lmid)])
    } catch {
      return problem(422, error.code)
    }
    var decision = PushDecision(
      author: Author(device: device, technician: technician, isRevoked: journal.isRevoked),
      server: ServerPosition(epoch: state.epoch, forks: state.forks, version: state.version),
      missions: missions(),
      states: state.rows, openConflicts: openConflicts(of: device), onlineCard: onlineCard, check: .fieldSets,
      newConflictID: DeviceEnvironment.system.newID)
    let outcomes = decision.decide(plan.fresh)
    let writer = Writer(actor: "device:" + device, device: device)
    if !decision.writes.isEmpty || !decision.conflicts.isEmpty { state.version += 1 }
    for (key, effect) in decision.writes { carryOut(effect, key, writer) }
    for record in decision.conflicts {
      var values = record.columns
      values["device_id"] = .string(device)
      values["state"] = "open"
      carryOut(.insert(values), EntityKey(.syncConflict, record.id ?? ""), writer)
    }
    var results = plan.replays
    for (item, outcome) in zip(plan.fresh, outcomes) {
      let result = outcome.result(seq: item.seq, version: state.version)
      if let reason = outcome.parked { state.parked.append((item.seq, reason)) }
      state.journals[device]?.stored[item.seq] = .init(payloadHash: item.payloadHash, result: result)
      state.journals[device]?.lmid = item.seq
      results.append(result)
    }
    let lmid = state.journals[device]?.lmid ?? 0
    return json(PushResponse(epoch: state.epoch, lmid: lmid, results: results).json)
  }

  /// As the organization's row has it, if there is one.
  private var onlineCard: OnlineCardOffer {
    guard let row = state.rows.first(where: { $0.key.type == .organization })?.value else { return .never }
    return OnlineCardOffer(
      isOffered: row.values["online_card_payments"]?.bool ?? false,
      since: row.fieldVersions["online_card_payments"] ?? 0)
  }

  private func missions() -> [String: PushDecision.Mission] {
    var missions: [String: PushDecision.Mission] = [:]
    for (id, membership) in state.memberships {
      let signers = live(of: id).filter { $0.key.type == .signature }.compactMap {
        $0.values["signer"]?.string.flatMap(Signature.Signer.init(rawValue:))
      }
      missions[id] = PushDecision.Mission(
        closed: membership.isIn ? nil : ParkReason(rawValue: membership.reason),
        shared: Set(links(of: id).map(\.target)), signers: Set(signers))
    }
    return missions
  }

  private func openConflicts(of device: String) -> [EntityKey: [String: ConflictRecord]] {
    var open: [EntityKey: [String: ConflictRecord]] = [:]
    for row in state.rows.values where row.key.type == .syncConflict && row.values["state"] == "open" {
      guard row.values["device_id"]?.string == device,
        let record = try? ConflictRecord(json: .object(row.values), id: row.key.id)
      else { continue }
      open[record.key, default: [:]][record.field] = record
    }
    return open
  }

  private func carryOut(_ effect: Effect, _ key: EntityKey, _ writer: Writer) {
    state.effects.append((key, effect))
    var row = state.rows[key] ?? EntityState(key: key, values: [:], version: 0, born: state.version)
    switch effect {
    case .none: return
    case .insert(let values), .restore(let values):
      row = EntityState(key: key, values: values, version: 0, born: state.version)
      if key.type == .signature { sealImage(&row) }
      if key.type == .attachment {
        row.values = key.type.writableFields?.wire(values) ?? values
        row.values["state"] = .string(
          uploads.blobs[row.values["sha256"]?.string ?? ""] == nil ? "awaiting_blob" : "stored")
      }
      if key.type == .payment || key.type == .dossierDiagnostic { row.values["source"] = "field" }
    case .update(let changes):
      for (field, value) in changes {
        row.values[field] = value
        row.fieldVersions[field] = state.version
      }
    case .delete:
      row.isDeleted = true
      row.fieldVersions = [:]
    }
    seal(&row, by: writer)
  }

  private func sealImage(_ row: inout EntityState) {
    let image = SignatureImage(base64: row.values.removeValue(forKey: SignatureImage.field)?.string ?? "")
    row.values["image_sha256"] = JSONValue(image?.sha256)
  }

  private func seal(_ row: inout EntityState, by writer: Writer) {
    row.version = state.version
    row.writers[state.version] = writer
    state.rows[row.key] = row
  }
}
