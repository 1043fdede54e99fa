/// A statement that the server knows, or is about to know, under a name on one connection.
final class PreparedStatement {
  let name: String
  /// The flight that prepares it, nil once the server has confirmed. Only that flight may use the name
  /// before, because what fails ahead of the preparation takes it along.
  weak var preparer: Flight?
  var isConfirmed = false
  /// The result's columns, kept from the first result on.
  var shape: ResultShape?
  /// The tick of the cache at the last use.
  var lastUse = 0

  init(name: String, preparer: Flight) {
    self.name = name
    self.preparer = preparer
  }
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

  mutating func add(_ template: String, preparer: Flight) -> PreparedStatement {
    serial += 1
    tick += 1
    let statement = PreparedStatement(name: "s\(serial)", preparer: preparer)
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
