import ConstatCore
import ConstatSync

/// What the database tells of a simulation, once all is quiet.
struct Evidence: Sendable {
  /// One row's change, as history has it.
  struct Write: Sendable {
    let table: String
    let row: String
    /// The dossier that the row belongs to; nil for what dossiers share.
    var dossier: String?
    let operation: String
    let actor: String
    let version: Int64
    /// By column: before and after.
    let changes: [String: JSONValue]
  }

  /// One field's change.
  struct FieldWrite: Sendable {
    let operation: String
    let actor: String
    let version: Int64
    let before: Set<String>
    let after: Set<String>
  }

  /// A mutation and the server's answer.
  struct Settled: Sendable {
    let device: String
    let sequence: Int64
    let mutation: JSONValue
    let status: String
    let version: Int64
    let error: JSONValue?

    var type: String { mutation["type"]?.string ?? "" }
    var row: String { mutation["id"]?.string ?? "" }
    var base: Int64 { mutation["base"]?["v"]?.integer ?? 0 }
    var isDeletion: Bool { mutation["op"] == "delete" }
    var set: [String: JSONValue] { mutation["set"]?.object ?? [:] }
    func was(_ field: String) -> Set<String> { Tokens.all(in: mutation["was"]?[field]?.description ?? "") }
  }

  /// A mission order bears its dossier's id: the table is part of which row it is.
  struct Place: Hashable, Sendable {
    let table: String
    let row: String
    let field: String
  }

  private(set) var writes: [Place: [FieldWrite]] = [:]
  /// Where insertions wrote the token.
  private(set) var created: [String: Set<Place>] = [:]
  /// Where each token was written.
  private(set) var places: [String: Place] = [:]
  /// The dossier of each row that has one.
  private(set) var dossiers: [String: String] = [:]
  /// By dossier, the version at which both parties' signatures were in.
  private(set) var signed: [String: Int64] = [:]
  /// What devices were not shown, from a version on, in their order.
  private(set) var withholdings: [(version: Int64, information: WithheldInformation)] = []
  private(set) var settled: [String: [Settled]] = [:]
  var lastSequences: [String: Int64] = [:]
  /// Whose device it is.
  var technicians: [String: String] = [:]
  var live: Set<String> = []
  /// In a conflict, open or decided.
  var contested: Set<String> = []
  /// In a parked edit or a proposal.
  var waiting: Set<String> = []
  var heldCounts = Tally()
  /// By technician.
  var scope: [String: Set<EntityKey>] = [:]
  /// The texts that proposals carry, and of those that were accepted.
  var proposed: Set<String> = []
  var accepted: Set<String> = []
  /// What each proposal is about.
  var proposals: [String: Place] = [:]
  /// Rows whose deletion was proposed and accepted.
  var givenUp: Set<String> = []
  var books = Books()
  var files = Files()

  mutating func note(_ write: Write) {
    dossiers[write.row] = write.dossier
    let isSigned = write.changes["finalised_at"]?.array?.last?.isNull == false
    if write.table == "mission_order", isSigned, signed[write.row] == nil {
      signed[write.row] = write.version
    }
    if write.table == "organization", let groups = write.changes["withheld_information"]?.array?.last?.array {
      let known = groups.compactMap(\.string).compactMap(Organization.Information.init(rawValue:))
      withholdings.append((write.version, WithheldInformation(Set(known))))
    }
    for (field, change) in write.changes {
      let sides = change.array ?? []
      let before = Tokens.all(in: sides.first?.description ?? "")
      let after = Tokens.all(in: sides.count > 1 ? sides[1].description : "")
      guard !before.isEmpty || !after.isEmpty else { continue }
      let place = Place(table: write.table, row: write.row, field: field)
      writes[place, default: []].append(
        FieldWrite(
          operation: write.operation, actor: write.actor, version: write.version, before: before, after: after
        ))
      for token in after where places[token] == nil { places[token] = place }
      if write.operation == "insert" { for token in after { created[token, default: []].insert(place) } }
    }
  }

  /// What a device was not shown whose checkpoint is of that version.
  func withheld(at version: Int64) -> WithheldInformation {
    withholdings.last { $0.version <= version }?.information ?? WithheldInformation.none
  }

  /// Whether such a device was shown the field.
  func isShown(_ field: String, of table: String, at version: Int64) -> Bool {
    EntityType(rawValue: table).map { !withheld(at: version).hides(field, of: $0) } ?? true
  }

  func isHeld(_ text: String) -> Bool { contested.contains(text) || waiting.contains(text) }

  mutating func note(_ one: Settled) { settled[one.device, default: []].append(one) }

  /// The first mutation of these devices, which are one, that carries a token, with the field.
  func origin(of token: TypedToken, among devices: [String]) -> (mutation: Settled, field: String)? {
    for one in devices.lazy.flatMap({ settled[$0] ?? [] }) {
      for (field, value) in one.set where Tokens.all(in: value.description).contains(token.text) {
        return (one, field)
      }
    }
    return nil
  }
}

/// Finds the texts that technicians (`t3n17e`) and the office (`o0n4e`) typed.
enum Tokens {
  static func all(in text: String) -> Set<String> {
    var found: Set<String> = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "t") || bytes[index] == UInt8(ascii: "o"),
        let middle = digits(bytes, after: index), middle < bytes.count, bytes[middle] == UInt8(ascii: "n"),
        let end = digits(bytes, after: middle), end < bytes.count, bytes[end] == UInt8(ascii: "e")
      else {
        index += 1
        continue
      }
      found.insert(String(decoding: bytes[index...end], as: UTF8.self))
      index = end + 1
    }
    return found
  }

  /// Where the digits after a place end; nil where there are none.
  private static func digits(_ bytes: [UInt8], after index: Int) -> Int? {
    var end = index + 1
    while end < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end]) { end += 1 }
    return end == index + 1 ? nil : end
  }
}
