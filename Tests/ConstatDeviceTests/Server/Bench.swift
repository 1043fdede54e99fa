import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation
import Synchronization

/// The network between a device and the server, and what goes wrong on it.
final class Network: Sendable {
  enum Fault: Sendable {
    /// Requests with this path, or with this method and path, do not arrive.
    case loseRequest(String)
    /// They arrive, and the answer is lost.
    case loseAnswer(String)
    /// After this many requests with the path, no more arrive.
    case cutAfter(Int, String)
  }

  private struct State: Sendable {
    var isUp = true
    var faults: [Fault] = []
    var requests: [Transport.Request] = []
    var events: [(path: String, body: @Sendable () async -> Void)] = []
  }

  private let server: FakeServer
  private let state = Mutex(State())

  init(_ server: FakeServer) {
    self.server = server
  }

  var isUp: Bool {
    get { state.withLock(\.isUp) }
    set { state.withLock { $0.isUp = newValue } }
  }

  /// Each fault happens once, to the next request with its path.
  func inject(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

  var faultCount: Int { state.withLock(\.faults.count) }

  /// Something that happens once, just before the next request with this path arrives.
  func onRequest(_ path: String, _ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0.events.append((path, body)) }
  }

  private func event(before path: String) -> (@Sendable () async -> Void)? {
    state.withLock { state in
      state.events.firstIndex { $0.path == path }.map { state.events.remove(at: $0).body }
    }
  }

  var requests: [Transport.Request] { state.withLock(\.requests) }

  var transport: Transport {
    Transport { request in
      let fault = try self.fault(for: request)
      if case .loseRequest = fault { throw TransportError("lost on the way there") }
      await self.event(before: request.path)?()
      let answer = try await self.server.transport.send(request)
      if case .loseAnswer = fault { throw TransportError("lost on the way back") }
      return answer
    }
  }

  private func fault(for request: Transport.Request) throws -> Fault? {
    try state.withLock { state in
      guard state.isUp else { throw TransportError("no network") }
      state.requests.append(request)
      let named = request.method + " " + request.path
      for (index, fault) in state.faults.enumerated() {
        switch fault {
        case .loseRequest(let path) where path == request.path || path == named,
          .loseAnswer(let path) where path == request.path || path == named:
          return state.faults.remove(at: index)
        case .cutAfter(let count, let path) where path == request.path || path == named:
          if count == 0 {
            state.faults.remove(at: index)
            state.isUp = false
            throw TransportError("cut")
          }
          state.faults[index] = .cutAfter(count - 1, path)
        default: continue
        }
      }
      return nil
    }
  }
}

/// A clock that tests set.
final class TestClock: Sendable {
  private let value = Mutex(Instant("2026-11-23T08:30:00Z")!)

  var now: Instant {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }

  var environment: DeviceEnvironment {
    DeviceEnvironment(now: { self.now }, newID: DeviceEnvironment.system.newID)
  }
}

/// One technician's device, its file, the network and the server.
final class Bench: Sendable {
  let server = FakeServer()
  let network: Network
  let clock = TestClock()
  let directory: URL
  /// The file in use, where a crash image has taken the first one's place.
  private let current = Mutex<String?>(nil)

  init() throws {
    network = Network(server)
    directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "constat-device-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  var file: String { directory.appendingPathComponent("device.sqlite").path }

  /// Enrolled, with one mission that the office prepared, synced.
  func device() async throws -> FieldDevice {
    try await prepare()
    let device = try await enrol()
    try await device.sync()
    return device
  }

  func enrol() async throws -> FieldDevice {
    try await FieldDevice.enrol(
      file: file, server: "https://constat.example", email: "marc@example.fr", password: "correct horse",
      name: "Tablette de Marc", transport: network.transport, environment: clock.environment)
  }

  func open(_ file: String? = nil) async throws -> FieldDevice {
    try await FieldDevice.open(
      file: file ?? self.file, transport: network.transport, environment: clock.environment)
  }

  /// Opens a crash image as the device's file from now on.
  func open(replacing image: String) async throws -> FieldDevice {
    current.withLock { $0 = image }
    return try await open(image)
  }

  /// The file as the power going now would leave it.
  func crashImage() throws -> String {
    let image = directory.appendingPathComponent("crash-\(UUID().uuidString).sqlite").path
    let file = current.withLock { $0 } ?? file
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: file + suffix) {
      try FileManager.default.copyItem(atPath: file + suffix, toPath: image + suffix)
    }
    let files = "-attachments"
    if FileManager.default.fileExists(atPath: file + files) {
      try FileManager.default.copyItem(atPath: file + files, toPath: image + files)
    }
    return image
  }

  let mission = "00000000-0000-7000-8000-000000000001"
  let other = "00000000-0000-7000-8000-000000000002"
  let owner = "00000000-0000-7000-8000-0000000000a1"
  let agency = "00000000-0000-7000-8000-0000000000a2"
  let crep = "00000000-0000-7000-8000-0000000000d1"
  let appointment = "00000000-0000-7000-8000-0000000000b1"

  func dossier(_ id: String? = nil) -> EntityKey { EntityKey(.dossier, id ?? mission) }

  private func prepare() async throws {
    for (index, code) in ["dpe", "crep", "amiante", "gaz"].enumerated() {
      await server.office(
        EntityKey(.diagnosticType, "00000000-0000-7000-8000-0000000000e\(index)"),
        [
          "code": .string(code), "label": .string(code.uppercased()), "active": true,
          "position": .integer(Int64(index)),
          "duration_minutes": 30, "requires_lead_analyser": .bool(code == "crep"), "in_technical_file": true,
        ])
    }
    await server.office(
      EntityKey(.contact, owner),
      ["kind": "individual", "last_name": "Martin", "first_name": "Anne", "phone": "0611111111"])
    await server.office(
      EntityKey(.contact, agency),
      ["kind": "agency", "last_name": "Durand", "company_name": "Agence du Port"])
    try await prepareMission(mission, number: 1041, street: "12 rue des Lilas")
    await server.office(
      EntityKey(.dossierDiagnostic, crep),
      ["dossier_id": .string(mission), "diagnostic_code": "crep", "source": "suggested"])
    await server.office(
      EntityKey(.appointment, appointment),
      [
        "dossier_id": .string(mission), "kind": "mission", "technician_id": .string(server.technician),
        "starts_at": "2026-11-23T08:00:00+00:00", "ends_at": "2026-11-23T09:30:00+00:00",
        "time_zone": "Europe/Paris", "status": "planned",
      ])
    await server.assign(mission)
  }

  func prepareMission(_ id: String, number: Int64, street: String) async throws {
    await server.office(
      dossier(id),
      [
        "number": .integer(number), "nature": "sale_rental_management", "status": "scheduled",
        "urgent": false,
        "street": .string(street), "postcode": "44000", "city": "Nantes", "owner_id": .string(owner),
        "payer_id": .string(owner), "prescriber_id": .string(agency), "property_type": "apartment",
        "built_year": 1948, "price_incl_tax_cents": 39_680, "gross_incl_tax_cents": 44_000,
      ])
  }

  /// A JPEG of so many bytes.
  static func photo(_ size: Int, seed: UInt8 = 1) -> [UInt8] {
    [0xff, 0xd8, 0xff, seed] + [UInt8](repeating: seed, count: size - 4)
  }

  static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]
}

extension FieldDevice {
  /// Values of every row, without members that are null: what a comparison with the server is about.
  func shown() async throws -> [EntityKey: [String: JSONValue]] {
    try await rows().mapValues { $0.values.filter { !$0.value.isNull } }
  }
}
