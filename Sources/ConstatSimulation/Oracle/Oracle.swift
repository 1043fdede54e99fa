import ConstatCore
import ConstatSync

/// What must hold when nothing moves any more, told from the database's history and the devices' files, and from nothing
/// that the merge's rules decide.
struct Oracle {
  /// One device as it stands in the end.
  struct DeviceState: Sendable {
    let name: String
    let technician: String
    let unsent: Int
    let rows: [EntityKey: [String: JSONValue]]
  }

  var evidence: Evidence
  let devices: [DeviceState]
  /// What a device that starts from nothing is told, by technician.
  let fresh: [String: [EntityKey: [String: JSONValue]]]
  var typed: [TypedToken]
  let officeTyped: [TypedToken]
  /// The ids that one device has had, in order, of those that had more than one.
  var identities: [[String]] = []
  var photos: [TakenPhoto] = []
  var payments: [TakenPayment] = []
  /// What went with the server when it was put back to a backup, and nobody can tell it again.
  var beyondRecall: Set<String> = []
  /// Of photos: the server has the bytes, and may not know it.
  var unvouched: Set<String> = []

  /// Each in words; none when all holds.
  func violations() -> [String] {
    scopes() + secrets() + settlement() + once() + typed.compactMap(fate) + officeTyped.compactMap(officeFate)
      + signedOrders() + money() + photographs()
  }

  /// All ids of the device that has this one.
  func lives(of device: String) -> [String] {
    identities.first { $0.contains(device) } ?? [device]
  }

  // MARK: Every device holds the server's scope

  private func scopes() -> [String] {
    var faults: [String] = []
    for device in devices {
      if device.unsent > 0 {
        faults.append("\(device.name) is wedged: \(device.unsent) edits are not answered")
      }
      let scope = evidence.scope[device.technician] ?? []
      let keys = Set(device.rows.keys)
      for key in scope.subtracting(keys).sorted().prefix(3) { faults.append("\(device.name) misses \(key)") }
      for key in keys.subtracting(scope).sorted().prefix(3) {
        faults.append("\(device.name) still has \(key), which is not in its scope")
      }
      let expected = fresh[device.technician] ?? [:]
      for (key, row) in device.rows.sorted(by: { $0.key < $1.key }) {
        guard let known = expected[key], known != row else { continue }
        let fields = Set(known.keys).union(row.keys).filter { known[$0] != row[$0] }.sorted()
        faults.append(
          "\(device.name) is stale: \(key) \(fields.map { "\($0) \(row[$0] ?? .null) for \(known[$0] ?? .null)" })"
        )
      }
    }
    return faults
  }

  // MARK: Every mutation is settled once

  private func settlement() -> [String] {
    var faults: [String] = []
    for (device, last) in evidence.lastSequences {
      let sequences = (evidence.settled[device] ?? []).map(\.sequence)
      if sequences != Array(1...max(last, 1)).filter({ $0 <= last }) {
        faults.append("device \(device) has \(sequences.count) stored answers to \(last) mutations")
      }
    }
    for one in evidence.settled.values.joined() where one.status == "rejected" {
      faults.append("a lawful edit was rejected: \(one.mutation) \(one.error ?? .null)")
    }
    return faults
  }

  private func once() -> [String] {
    var faults: [String] = []
    for token in typed + officeTyped where token.kind == .creation {
      // Copied into another field it is no second creation: a payer's name stands on payments too.
      let rows = (evidence.created[token.text] ?? []).filter { place in
        place.field == evidence.places[token.text]?.field && place.table == evidence.places[token.text]?.table
      }
      if rows.count > 1 { faults.append("\(token.text) was created \(rows.count) times\(story(of: token))") }
    }
    for token in typed where token.kind == .set {
      guard let place = evidence.places[token.text] else { continue }
      let authors = lives(of: token.device).map { "device:\($0)" }
      let times = evidence.writes[place, default: []].count { write in
        write.operation == "update" && authors.contains(write.actor) && write.after.contains(token.text)
          && !write.before.contains(token.text)
      }
      if times > 1 { faults.append("\(token.text) was applied \(times) times") }
    }
    return faults
  }

  // MARK: Every typed value is live, held, or replaced by someone who had seen it

  func isKept(_ token: TypedToken) -> Bool {
    evidence.live.contains(token.text) || evidence.isHeld(token.text)
  }

  private func fate(_ token: TypedToken) -> String? {
    if isKept(token) || beyondRecall.contains(token.text) { return nil }
    guard let origin = evidence.origin(of: token, among: lives(of: token.device)) else {
      return "\(token.text) never reached the server\(story(of: token))"
    }
    if isReplacedByAuthor(token, origin.mutation, origin.field) { return nil }
    guard let place = evidence.places[token.text] else {
      return "\(token.text) was \(origin.mutation.status) and is nowhere\(story(of: token))"
    }
    return successor(of: token, at: place)
  }

  private func officeFate(_ token: TypedToken) -> String? {
    if isKept(token) || beyondRecall.contains(token.text) { return nil }
    guard let place = evidence.places[token.text] else {
      return "\(token.text) of the office was never written"
    }
    return successor(of: token, at: place).map { "of the office: \($0)" }
  }

  /// True where its author went on to delete the row, to accept a proposal for the field, or to change the field with the value or what had become of it
  /// before their eyes, or after the value had come into conflict, or into parking and from there into conflict: a second
  /// edit of a contested field takes the place of the first in its conflict. What an author typed into a row and deletes with it before anyone is told leaves no trace,
  /// and needs none.
  private func isReplacedByAuthor(_ token: TypedToken, _ first: Evidence.Settled, _ field: String) -> Bool {
    let all = lives(of: first.device).lazy.flatMap { evidence.settled[$0] ?? [] }
    return all.drop { $0.device != first.device || $0.sequence <= first.sequence }.contains { later in
      if later.set["state"] == "accepted", let place = evidence.proposals[later.row] {
        return place.row == first.row && place.table == first.type && place.field == field
      }
      guard later.row == first.row else { return false }
      if later.isDeletion { return true }
      guard later.set[field] != nil else { return false }
      // One's own value gives way to the next, shown or not; to a note or a list that was not shown it is added.
      let isAdded = token.kind == .note || token.kind == .list
      let isPassed =
        later.base >= first.version
        && !(isAdded && !evidence.isShown(field, of: later.type, at: later.base))
      return later.was(field).contains(token.text) || isPassed
        || token.kind == .set && ["conflicted", "parked"].contains(first.status)
    }
  }

  /// The same of a token alone: one whose loss says nothing, since a later edit of its author's stands for it.
  func isReplacedByAuthor(_ token: TypedToken) -> Bool {
    evidence.origin(of: token, among: lives(of: token.device)).map {
      isReplacedByAuthor(token, $0.mutation, $0.field)
    } ?? false
  }

  private func successor(of token: TypedToken, at place: Evidence.Place) -> String? {
    let writes = evidence.writes[place] ?? []
    guard let last = writes.lastIndex(where: { $0.after.contains(token.text) }) else {
      return "\(token.text) is lost\(story(of: token))"
    }
    guard let next = writes[(last + 1)...].first(where: { !$0.after.contains(token.text) }) else {
      return "\(token.text) vanished from \(place.field) without a trace\(story(of: token))"
    }
    // What the technician accepted of the office's own.
    if !next.after.isDisjoint(with: evidence.accepted) { return nil }
    if next.operation == "delete", evidence.givenUp.contains(place.row) { return nil }
    let version = writes[last].version
    let author = next.actor.split(separator: ":", maxSplits: 1).map(String.init)
    switch author.first {
    case "device":
      let device = author.last ?? ""
      if lives(of: token.device).contains(device) { return nil }
      let edits = (evidence.settled[device] ?? []).filter { edit in
        edit.version == next.version && edit.row == place.row
          && (edit.isDeletion || edit.set[place.field] != nil)
      }
      return edits.contains { hadSeen($0, token, place, version) }
        ? nil
        : "\(token.text) was overwritten blindly by \(next.actor) at version \(next.version)\(story(of: token))"
    case "user":
      // The office looks first. What it applies of a parked edit is the device's doing.
      guard
        let foreign = typed.first(where: { next.after.contains($0.text) && !next.before.contains($0.text) }),
        let origin = evidence.origin(of: foreign, among: lives(of: foreign.device))
      else { return nil }
      return hadSeen(origin.mutation, token, place, version)
        || isReplacedByAuthor(token, origin.mutation, place.field)
        || lives(of: token.device).contains(foreign.device)
        ? nil : "\(token.text) was overwritten blindly by the parked \(foreign.text)\(story(of: token))"
    default:
      return "\(token.text) was overwritten by \(next.actor)"
    }
  }

  /// Whether the edit names the value, or comes from a device that had pulled it and was shown it.
  private func hadSeen(
    _ edit: Evidence.Settled, _ token: TypedToken, _ place: Evidence.Place, _ version: Int64
  ) -> Bool {
    edit.was(place.field).contains(token.text)
      || edit.base >= version && evidence.isShown(place.field, of: place.table, at: edit.base)
  }
}
