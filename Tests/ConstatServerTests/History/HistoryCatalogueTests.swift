import ConstatCore
import Foundation
import Postgres
import Support
import Testing

/// For every table of nouns, whatever its name: insert, update and delete leave their field-level history and
/// one new sealed version, typed by hand; without an actor they are refused.
@Suite struct HistoryCatalogueTests {
  @Test func `insert, update and delete of every noun leave history and a new version HIS-01`() async throws {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      var maker = RowMaker(organization: HandTyped.organization)
      let nouns = catalogue.inDependencyOrder.filter { $0.isNoun && $0.name != "organization" }
      #expect(nouns.count > 30)
      try maker.remember(HandTyped.row(session, of: "organization"), of: #require(catalogue["organization"]))
      for table in catalogue.inDependencyOrder
      where table.name != "organization" && (table.isNoun || table.name == "system.blob") {
        try Self.insert(table, &maker, session)
      }
      for table in nouns + [try #require(catalogue["organization"])] {
        try Self.update(table, maker, session)
      }
      for table in nouns.reversed() { try Self.delete(table, maker, session) }
    }
  }

  @Test func `a write without actor is refused on every noun, and leaves nothing`() async throws {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      var maker = RowMaker(organization: HandTyped.organization)
      try maker.remember(HandTyped.row(session, of: "organization"), of: #require(catalogue["organization"]))
      for table in catalogue.inDependencyOrder
      where table.name != "organization" && (table.isNoun || table.name == "system.blob") {
        let values = maker.values(for: table)
        if table.isNoun {
          Self.expectRefusal("insert into \(table.name)", session) {
            _ = try session.query(RowMaker.insertion(into: table, values))
          }
        }
        try HandTyped.transaction(session, as: "user:test") {
          try HandTyped.withoutRefusals(of: table, session) {
            maker.remember(
              try HandTyped.inserted(session.query(RowMaker.insertion(into: table, values))), of: table)
            for companion in RowMaker.companions(of: table.name, row: values) {
              _ = try session.query(companion)
            }
          }
        }
        guard table.isNoun, let change = table.changeable else { continue }
        Self.expectRefusal("update of \(table.name)", session) {
          try HandTyped.withoutRefusals(of: table, session) {
            try session.run(trusted: "UPDATE \(table.name) SET \(change.column) = \(change.value)")
          }
        }
      }
      // Leaves of the graph: nothing refers to them, so nothing but the missing actor stands in the way.
      let referenced = Set(catalogue.tables.flatMap(\.foreignKeys).map(\.table))
      for table in catalogue.tables where table.isNoun && !referenced.contains(table.name) {
        Self.expectRefusal("delete from \(table.name)", session) {
          try HandTyped.withoutRefusals(of: table, session) {
            try session.run(trusted: "DELETE FROM \(table.name)")
          }
        }
      }
    }
  }

  @Test func `a secret's change is recorded without the secret`() async throws {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      var maker = RowMaker(organization: HandTyped.organization)
      try maker.remember(HandTyped.row(session, of: "organization"), of: #require(catalogue["organization"]))
      for name in ["user_account", "device", "api_token"] {
        let table = try #require(catalogue[name])
        let secret = try #require(table.secrets.first, "\(name) has no secret")
        try HandTyped.transaction(session, as: "user:test") {
          maker.remember(
            try HandTyped.inserted(session.query(RowMaker.insertion(into: table, maker.values(for: table)))),
            of: table)
        }
        try HandTyped.transaction(session, as: "user:test") {
          try session.run(trusted: "UPDATE \(name) SET \(secret) = '\\xdeadbeef'")
        }
        let history = try HandTyped.history(session, of: name)
        #expect(history.last?["changes"]?[secret] == ["***", "***"], "\(name)")
        #expect(!"\(history)".contains("deadbeef") && history.first?["changes"]?[secret] == nil, "\(name)")
      }
    }
  }

  @Test func `no column changes unrecorded: each table's function is the one that its columns ask for`()
    async throws
  {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      let nouns = catalogue.tables.filter(\.isNoun).map(\.name).sorted()
      #expect(try Self.recorders(session).keys.sorted() == nouns)
      func outdated() throws -> [String] {
        try session.run(trusted: "SAVEPOINT before")
        let before = try Self.recorders(session)
        for noun in nouns { try session.run(trusted: "CALL system.record_updates('\(noun)')") }
        let after = try Self.recorders(session)
        try session.run(trusted: "ROLLBACK TO before")
        return nouns.filter { before[$0] != after[$0] }
      }
      for change in [
        "ADD COLUMN forgotten text", "RENAME COLUMN comment TO remark", "DROP COLUMN lot_number CASCADE",
      ] {
        try session.run(trusted: "BEGIN")
        #expect(try outdated() == [])
        try session.run(trusted: "ALTER TABLE outbuilding \(change)")
        #expect(try outdated() == ["outbuilding"], "\(change)")
        try session.run(trusted: "ROLLBACK")
      }
    }
  }

  @Test func `of a statement's rows, those that changed are recorded, each with its own columns`()
    async throws
  {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      var maker = RowMaker(organization: HandTyped.organization)
      try maker.remember(HandTyped.row(session, of: "organization"), of: #require(catalogue["organization"]))
      let table = try #require(catalogue["building"])
      var ids: [String] = []
      for _ in 1...3 {
        try Self.insert(table, &maker, session)
        ids.append(try #require(maker.rows["building"]?["id"]?.string))
      }
      let before = try HandTyped.version(session)
      try HandTyped.transaction(session, as: "user:claire") {
        try session.run(trusted: "UPDATE building SET name = 'B', city = 'Bayonne' WHERE id = '\(ids[0])'")
        try session.run(trusted: "UPDATE building SET name = 'B', city = 'Bayonne' WHERE id <> '\(ids[2])'")
        try session.run(trusted: "UPDATE building SET comment = NULL")
      }
      let updates = try HandTyped.history(session, of: "building").filter { $0["operation"] == "update" }
      #expect(updates.compactMap { $0["row_id"]?.string }.sorted() == ids.prefix(2).sorted())
      #expect(updates.allSatisfy { $0["changes"]?.object?.keys.sorted() == ["city", "name"] })
      #expect(try HandTyped.version(session) == before + 1)
    }
  }

  /// By table, the function that records its updates.
  private static func recorders(_ session: AdminSession) throws -> [String: String] {
    let rows = try session.query(
      """
      SELECT t.tgrelid::regclass::text AS name, p.prosrc AS source
      FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgname = 'history_update'
      """)
    return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.get("name"), try $0.get("source")) })
  }

  // MARK: One verb on one table

  private static func insert(_ table: Catalogue.Table, _ maker: inout RowMaker, _ session: AdminSession)
    throws
  {
    let values = maker.values(for: table)
    let before = try HandTyped.version(session)
    try HandTyped.transaction(session, as: "user:claire") {
      try HandTyped.withoutRefusals(of: table, session) {
        maker.remember(
          try HandTyped.inserted(session.query(RowMaker.insertion(into: table, values))), of: table)
        for companion in RowMaker.companions(of: table.name, row: values) { _ = try session.query(companion) }
      }
    }
    guard table.isNoun else { return }
    try expectSealed(table.name, "insert", after: before, maker.rows[table.name]?["id"]?.string, session) {
      changes in
      let visible = (values.object ?? [:]).filter { !table.secrets.contains($0.key) && !$0.value.isNull }
      for name in visible.keys.sorted() {
        #expect(changes[name]?.array?.first == .null, "\(table.name).\(name) came from nothing")
        #expect(changes[name]?.array?.last == maker.rows[table.name]?[name], "\(table.name).\(name)")
      }
    }
  }

  private static func update(_ table: Catalogue.Table, _ maker: RowMaker, _ session: AdminSession) throws {
    guard let change = table.changeable else {
      #expect(!table.grants.contains("UPDATE"), "\(table.name) has no column to try an update on")
      return
    }
    let id = maker.rows[table.name]?["id"]?.string ?? ""
    let before = try HandTyped.version(session)
    try HandTyped.transaction(session, as: "user:claire") {
      try HandTyped.withoutRefusals(of: table, session) {
        try session.run(
          trusted: "UPDATE \(table.name) SET \(change.column) = \(change.value) WHERE id = '\(id)'")
      }
    }
    try expectSealed(table.name, "update", after: before, id, session) { changes in
      #expect(changes.object?.keys.sorted() == [change.column], "\(table.name)")
      #expect(changes[change.column]?.array?.first == maker.rows[table.name]?[change.column], "\(table.name)")
    }
    let fields = try session.query(
      "SELECT field_versions::text AS fields FROM system.sync_entity WHERE type = \(table.name) AND id = \(id)::uuid"
    )
    #expect(
      try JSONValue.parse(Array((fields[0].get("fields") as String).utf8))[change.column]
        == .integer(before + 1))
  }

  private static func delete(_ table: Catalogue.Table, _ maker: RowMaker, _ session: AdminSession) throws {
    let id = maker.rows[table.name]?["id"]?.string ?? ""
    let before = try HandTyped.version(session)
    try HandTyped.transaction(session, as: "user:claire") {
      try HandTyped.withoutRefusals(of: table, session) {
        // With the companions: what was made beside the row goes with it.
        if table.name == "journal_line" {
          try session.run(trusted: "DELETE FROM journal_line")
        } else {
          try session.run(trusted: "DELETE FROM \(table.name) WHERE id = '\(id)'")
        }
      }
    }
    try expectSealed(table.name, "delete", after: before, id, session) { changes in
      for (name, values) in changes.object ?? [:] {
        #expect(values.array?.last == .null, "\(table.name).\(name) became nothing")
      }
      #expect(changes["organization_id"] != nil, "\(table.name)")
    }
    let entity = try session.query(
      "SELECT deleted FROM system.sync_entity WHERE type = \(table.name) AND id = \(id)::uuid")
    #expect(try entity.value(Bool.self) == true, "\(table.name)")
  }

  /// One version further, sealed with actor and channel, the entity at that version, and the history of the
  /// row.
  private static func expectSealed(
    _ table: String, _ operation: String, after before: Int64, _ id: String?, _ session: AdminSession,
    _ check: (JSONValue) throws -> Void
  ) throws {
    let version = try HandTyped.version(session)
    #expect(version == before + 1, "\(operation) on \(table)")
    let seal = try session.query("SELECT actor, channel FROM system.seal WHERE version = \(version)")
    #expect(try seal.first?.get("actor") == "user:claire" && seal.first?.get("channel") == "sql", "\(table)")
    let entity = try session.query(
      "SELECT version FROM system.sync_entity WHERE type = \(table) AND id = \(id ?? "")::uuid")
    #expect(try entity.value(Int64.self) == version, "\(operation) on \(table)")
    let entry = try #require(
      try HandTyped.history(session, of: table).last { $0["row_id"]?.string == id },
      "\(operation) on \(table)")
    #expect(entry["operation"]?.string == operation && entry["actor"]?.string == "user:claire", "\(table)")
    try check(entry["changes"] ?? .null)
  }

  private static func expectRefusal(_ what: String, _ session: AdminSession, _ body: () throws -> Void) {
    do {
      try HandTyped.transaction(session, as: nil, body)
      Issue.record("\(what) without actor was accepted")
    } catch let error as PostgresError {
      #expect(error.sqlState == "CN001", "\(what): \(error) \(error.message ?? "")")
    } catch {
      Issue.record("\(what): \(error)")
    }
  }
}
