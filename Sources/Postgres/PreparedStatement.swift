/// A statement known to the server under a name, on one connection.
final class PreparedStatement {
  let name: String
  /// The result's columns, kept from the first result on.
  var shape: ResultShape?
  /// The tick of the cache at the last use.
  var lastUse = 0

  init(name: String) { self.name = name }
}

/// The statements prepared on one connection, the least used of which leave when there are too many.
struct StatementCache {
  private var byTemplate: [String: PreparedStatement] = [:]
  private let limit: Int
  private var tick = 0
  private var serial = 0

  init(limit: Int) { self.limit = max(limit, 16) }

  mutating func find(_ template: String) -> PreparedStatement? {
    guard let statement = byTemplate[template] else { return nil }
    tick += 1
    statement.lastUse = tick
    return statement
  }

  mutating func add(_ template: String) -> PreparedStatement {
    serial += 1
    tick += 1
    let statement = PreparedStatement(name: "s\(serial)")
    statement.lastUse = tick
    byTemplate[template] = statement
    return statement
  }

  /// Forgets a statement that the server does not know, or not any more.
  mutating func forget(_ statement: PreparedStatement) {
    guard let entry = byTemplate.first(where: { $0.value === statement }) else { return }
    byTemplate[entry.key] = nil
  }

  mutating func forgetAll() { byTemplate.removeAll() }

  var isOverfull: Bool { byTemplate.count > limit }

  /// Drops the least used eighth and returns their names, for DEALLOCATE.
  mutating func evict() -> [String] {
    let oldest = byTemplate.sorted { $0.value.lastUse < $1.value.lastUse }
      .prefix(byTemplate.count - limit + limit / 8)
    for (template, _) in oldest { byTemplate[template] = nil }
    return oldest.map(\.value.name)
  }
}
