/// The tables that the migrations make, and what they say of each.
enum Migrations {
  static let text = SourceTree.migrations.map(\.text).joined(separator: "\n")
    .split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
    }.joined(separator: "\n")

  /// In order; those of the schema `public` without its name.
  static let tables: [String] = text.matches(
    of: #"CREATE TABLE (?:IF NOT EXISTS )?(?:public\.)?([a-z_.]+) \("#
  ).map { $0[1] }

  static func governs(_ table: String) -> Bool { text.contains("CALL system.govern('\(table)'") }
  static func isolates(_ table: String) -> Bool { text.contains("CALL system.isolate('\(table)'") }
}
