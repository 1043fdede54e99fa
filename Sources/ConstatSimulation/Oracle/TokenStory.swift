import ConstatCore

extension Oracle {
  /// All that is known of a token, and of what else came to the same field, for whoever looks for the cause: lines to
  /// follow a violation.
  func story(of token: TypedToken) -> String {
    let mentions = evidence.settled.values.joined().filter { mutation in
      mutation.mutation.description.contains(token.text)
    }
    let fields = Set(mentions.flatMap(\.set.keys)).union([evidence.places[token.text]?.field ?? ""])
    let rows = Set(mentions.map(\.row)).union(evidence.created[token.text, default: []].map(\.row))
      .union([evidence.places[token.text]?.row ?? ""])
    var told: [(version: Int64, line: String)] = []
    for one in evidence.settled.values.joined() where rows.contains(one.row) {
      guard one.isDeletion || !fields.isDisjoint(with: one.set.keys) else { continue }
      told.append(
        (one.version, "device \(one.device.suffix(4)) #\(one.sequence) \(one.status): \(one.mutation)"))
    }
    for (place, writes) in evidence.writes where rows.contains(place.row) && fields.contains(place.field) {
      for write in writes {
        told.append(
          (
            write.version,
            "\(write.operation) by \(write.actor): \(place.table) \(place.row.suffix(4)) "
              + "\(place.field) \(write.before.sorted()) → \(write.after.sorted())"
          ))
      }
    }
    let lines = told.sorted { $0.version < $1.version }.map { "\n      v\($0.version) \($0.line)" }
    return
      ", typed by \(token.device.isEmpty ? "the office" : "device " + token.device.suffix(4)) in stretch "
      + "\(token.stretches)" + lines.joined()
  }
}
