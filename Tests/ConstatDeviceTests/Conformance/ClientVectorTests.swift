import ConstatConformance
import ConstatCore
import ConstatSync
import Foundation
import GRDB
import Gzip
import Synchronization
import Testing

@testable import ConstatDevice

/// `conformance/client`: what a client holds, what the server answers, and what the client must hold then. The SDK is a
/// client like any other: docs/sync.md tells the format, for those that are not written in Swift.
@Suite struct ClientVectorTests {
  static let vectors: [ClientVector] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../conformance/client")
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }.map { file in
      let bytes = (try? Data(contentsOf: file)).map { Array($0) } ?? []
      return ClientVector(
        name: file.deletingPathExtension().lastPathComponent, json: (try? JSONValue.parse(bytes)) ?? .null)
    }
  }()

  @Test(arguments: vectors) func `the SDK keeps what the vectors say that a client keeps`(
    _ vector: ClientVector
  )
    async throws
  {
    #expect(try await vector.play() == nil)
  }

  @Test func `there are vectors, and one with a wrong expectation fails`() async throws {
    #expect(Self.vectors.count > 15)
    let right = try #require(Self.vectors.first { $0.name == "pending-edit-shows" })
    let text = right.json.description.replacing("5 rue Neuve", with: "6 rue Neuve")
    // The edit and its showing were both changed: still well.
    #expect(try await ClientVector(name: "consistent", json: JSONValue.parse(text)).play() == nil)
    let shown = try #require(right.json.at("/rounds/0/then/shown"))
    let wrong = shown.description.replacing("5 rue Neuve", with: "6 rue Neuve")
    let mutated = right.json.description.replacing(shown.description, with: wrong)
    let difference = try await ClientVector(name: "wrong", json: JSONValue.parse(mutated)).play()
    #expect(difference?.contains("/rounds/0/then/shown has no item like") == true, "\(difference ?? "")")
  }
}

struct ClientVector: Sendable, CustomTestStringConvertible {
  let name: String
  let json: JSONValue
  var testDescription: String { name }

  static let device = "0199a3c0-0000-7000-8000-0000000000a1"

  /// The first difference; nil where the SDK does as the vector says.
  func play() async throws -> String? {
    let directory = FileManager.default.temporaryDirectory.appending(path: "vector-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "device.sqlite").path
    let store = try DeviceStore(file: file)
    try await prepare(store)
    try store.pool.close()
    let script = Script()
    var device = try await FieldDevice.open(file: file, transport: script.transport)
    for (index, round) in (json["rounds"]?.array ?? []).enumerated() {
      let place = "\(name): /rounds/\(index)"
      if index > 0 {
        // Each round also begins like after a restart.
        try device.close()
        device = try await FieldDevice.open(file: file, transport: script.transport)
      }
      if let exchanges = round["exchanges"]?.array {
        script.begin(exchanges)
        let ending = await ending(of: device, compares: round["compares"] == .bool(true))
        if let difference = script.difference { return "\(place)/exchanges\(difference)" }
        let expected = round["ends"]?.string ?? "done"
        guard ending == expected else { return "\(place)/ends is \(ending), expected \(expected)" }
      }
      if let then = round["then"],
        let difference = Expectation.difference(then, try await state(of: device), at: place + "/then")
      {
        return difference
      }
    }
    try device.close()
    return nil
  }

  private func prepare(_ store: DeviceStore) async throws {
    let given = json["given"] ?? [:]
    var checkpoint = Checkpoint()
    if let held = given["checkpoint"] {
      checkpoint.base = .init(epoch: held["epoch"]?.string ?? "", version: held["v"]?.integer ?? 0)
      checkpoint.cursor = held["cursor"]?.string
      for row in held["rows"]?.array ?? [] {
        let event = try SyncEvent(json: .object((row.object ?? [:]).merging(["op": "put"]) { $1 }))
        if case .put(let entity) = event { checkpoint.entities[entity.key] = entity }
      }
    }
    let ready = checkpoint
    let pages = try (given["staging"]?.array ?? []).map { try PullResponse(json: $0) }
    let now = Instant("2026-11-23T08:30:00Z")!
    try await store.pool.write { db in
      try MetaStore(db: db).set(
        Enrolment(
          server: "https://constat.example", device: Self.device, technician: "t", name: "Tablette",
          secret: "s"))
      // The daily comparison is not due, but where a vector asks for it.
      try MetaStore(db: db).set(.verifiedAt, "2100-01-01T00:00:00Z")
      try CheckpointStore(db: db).replace(Checkpoint(), by: ready)
      for page in pages { try CheckpointStore(db: db).stage(page) }
      let journal = JournalStore(db: db)
      for entry in given["journal"]?.array ?? [] {
        let mutation = try Mutation(json: entry["mutation"] ?? .null)
        try journal.append(mutation, at: now)
        if let answer = entry["answer"] {
          let response = PushResponse(
            epoch: entry["epoch"]?.string ?? ready.base.epoch, lmid: mutation.seq,
            results: [try MutationResult(json: answer)])
          _ = try journal.acknowledge(response, at: now)
        }
      }
    }
  }

  private func ending(of device: FieldDevice, compares: Bool) async -> String {
    do {
      if compares { return try await device.verify().verification == .same ? "done" : "differed" }
      return try await device.sync().isWiped ? "wiped" : "done"
    } catch SyncError.offline, SyncError.serverBusy {
      return "offline"
    } catch SyncError.enrolmentNeeded {
      return "enrol-anew"
    } catch SyncError.updateNeeded {
      return "update"
    } catch SyncError.revoked {
      return "revoked"
    } catch {
      return "\(error)"
    }
  }

  /// What the device holds, in the vectors' form.
  private func state(of device: FieldDevice) async throws -> JSONValue {
    let shown = try await device.rows().values.sorted { $0.key < $1.key }.map { row -> JSONValue in
      [
        "type": .string(row.key.type.rawValue), "id": .string(row.key.id), "fields": .object(row.values),
        "pending": .array(row.pending.sorted().map { .string($0) }),
      ]
    }
    let inbox = try await device.inbox.map { item -> JSONValue in
      switch item.kind {
      case .rejected(let rejection):
        [
          "seq": JSONValue(item.mutation?.seq), "status": "rejected",
          "code": .string(rejection.code.rawValue),
        ]
      case .parked(let reason):
        ["seq": JSONValue(item.mutation?.seq), "status": "parked", "reason": .string(reason.rawValue)]
      case .conflicted: ["seq": JSONValue(item.mutation?.seq), "status": "conflicted"]
      case .missionLeft(let reason, _):
        ["left": JSONValue(item.mission), "reason": .string(reason.rawValue)]
      case .stateDiffered(let types): ["differed": .array(types.map { .string($0) })]
      }
    }
    return try await device.store.pool.read { db in
      let checkpoint = try CheckpointStore(db: db).load()
      let rows = checkpoint.entities.values.sorted { $0.key < $1.key }
      let waiting = try SQLRequest<Int64>(
        "SELECT seq FROM journal WHERE state <> 'acknowledged' ORDER BY seq"
      ).fetchAll(db)
      return [
        "checkpoint": [
          "epoch": .string(checkpoint.base.epoch), "v": .integer(checkpoint.base.version),
          "cursor": JSONValue(checkpoint.cursor), "rows": .array(rows.map { SyncEvent.put($0).json }),
        ],
        "staged": .integer(try CheckpointStore(db: db).staging() == nil ? 0 : 1),
        "shown": .array(shown), "unanswered": .array(waiting.map { .integer($0) }), "inbox": .array(inbox),
        "enrolled": .bool(try MetaStore(db: db).enrolment() != nil),
      ]
    }
  }
}

/// The server of one round: what it is asked must be as the vector says, and it answers what the vector says.
private final class Script: Sendable {
  private struct State {
    var exchanges: [JSONValue] = []
    var next = 0
    var difference: String?
  }

  private let state = Mutex(State())

  func begin(_ exchanges: [JSONValue]) { state.withLock { $0 = State(exchanges: exchanges) } }

  /// What was asked otherwise than expected, or not at all.
  var difference: String? {
    state.withLock { state in
      if let difference = state.difference { return difference }
      return state.next == state.exchanges.count ? nil : "/\(state.next) was never asked for"
    }
  }

  var transport: Transport { Transport { try self.answer($0) } }

  private func answer(_ request: Transport.Request) throws -> Transport.Answer {
    if request.path.hasSuffix("/token") {
      let token: JSONValue = ["access_token": "t", "token_type": "Bearer", "expires_in": 900]
      return Transport.Answer(status: 200, body: token.serialized())
    }
    return try state.withLock { state in
      guard state.next < state.exchanges.count else {
        state.difference =
          state.difference ?? "/\(state.next): nothing more was expected, got \(request.path)"
        throw TransportError("the script is over")
      }
      let exchange = state.exchanges[state.next]
      let bytes = request.isGzipped ? try Gzip.inflated(request.body, limit: 8 << 20) : request.body
      let asked: JSONValue = ["path": .string(request.path), "body": try JSONValue.parse(bytes)]
      if let found = Expectation.difference(
        exchange["request"] ?? .null, asked, at: "/\(state.next)/request")
      {
        state.difference = state.difference ?? found
      }
      state.next += 1
      guard let answer = exchange["answer"], let status = answer["status"]?.integer else {
        throw TransportError("lost")
      }
      return Transport.Answer(status: Int(status), body: (answer["body"] ?? [:]).serialized())
    }
  }
}
