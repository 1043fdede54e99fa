import ConstatCore
import ConstatSync

extension Oracle {
  /// No device holds what the company keeps from it, neither one that was there all day nor one that starts from nothing.
  func secrets() -> [String] {
    let withheld = evidence.withheld(at: .max)
    var faults = devices.flatMap { leaks(withheld, in: $0.rows, to: $0.technician, on: $0.name) }
    for (technician, rows) in fresh.sorted(by: { $0.key < $1.key }) {
      faults += leaks(withheld, in: rows, to: technician, on: "a new device of \(technician)")
    }
    return faults
  }

  private func leaks(
    _ withheld: WithheldInformation, in rows: [EntityKey: [String: JSONValue]], to technician: String,
    on device: String
  ) -> [String] {
    rows.sorted { $0.key < $1.key }.flatMap { key, row in
      let shown = withheld.fields(of: key.type).filter { row[$0].map { !$0.isNull } ?? false }
      let told = rivals(withheld, in: row, of: key, to: technician) + outlined(withheld, in: row, of: key)
      return (shown + told).map {
        "\(device) is shown \(key) \($0), which is withheld"
      }
    }
  }

  /// What a conflict says of somebody else's value.
  private func rivals(
    _ withheld: WithheldInformation, in row: [String: JSONValue], of key: EntityKey, to technician: String
  ) -> [String] {
    guard key.type == .syncConflict,
      let type = row["entity_type"]?.string.flatMap(EntityType.init(rawValue:)),
      let field = row["field"]?.string, withheld.hides(field, of: type)
    else { return [] }
    let isOwn = evidence.technicians[row["device_id"]?.string ?? ""] == technician
    return (["base", "theirs", "resolution"] + (isOwn ? [] : ["mine"])).filter { side in
      ["value", "earlier", "replaced"].contains { row[side]?[$0] != nil }
    }
  }

  /// What a parked edit says of what a colleague wrote.
  private func outlined(
    _ withheld: WithheldInformation, in row: [String: JSONValue], of key: EntityKey
  ) -> [String] {
    guard key.type == .parkedEdit, let outline = row["outline"].flatMap(ParkedOutline.init(of:)) else {
      return []
    }
    return outline.values.keys.filter { withheld.hides($0, of: outline.key.type) }.map { "outline.set.\($0)" }
  }

  /// A value that a device did not overwrite although it was not shown it, having pulled it: the two are in a conflict.
  func spared() -> String? {
    let edits = evidence.settled.values.joined().filter { $0.status == "conflicted" }
    return (officeTyped + typed).first { token in
      guard token.kind == .set, evidence.live.contains(token.text), evidence.contested.contains(token.text),
        !evidence.waiting.contains(token.text), !beyondRecall.contains(token.text),
        let place = evidence.places[token.text], let write = evidence.writes[place]?.last,
        write.after == [token.text]
      else { return false }
      return edits.contains { edit in
        edit.type == place.table && edit.row == place.row && edit.set[place.field] != nil
          && !edit.was(place.field).contains(token.text) && edit.base >= write.version
          && !evidence.isShown(place.field, of: place.table, at: edit.base)
          && !lives(of: token.device).contains(edit.device)
      }
    }?.text
  }
}
