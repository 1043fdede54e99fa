import ConstatCore
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

/// One organization never sees another's rows, by construction: what the catalogue must show of every table,
/// and what each verb then does.
@Suite struct IsolationTests {
  /// Tables that hold nothing of any organization.
  static let global: Set = ["system.schema_migration"]

  @Test func `every table is isolated as the catalogue shows it`() async throws {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      let faults = try Self.faults(session)
      #expect(faults == [])
      #expect(
        catalogue.tables.filter { !$0.hasOrganization && !Self.global.contains($0.name) }.map(\.name) == [])
    }
  }

  @Test func `the catalogue's test sees each kind of leak`() async throws {
    try await HandTyped.inEmptyOrganization { session, _ in
      try session.run(
        trusted: """
          CREATE TABLE unprotected (organization_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (organization_id, id));
          CREATE TABLE not_forced (organization_id uuid NOT NULL, id uuid PRIMARY KEY);
          ALTER TABLE not_forced ENABLE ROW LEVEL SECURITY;
          CREATE TABLE loose (organization_id uuid NOT NULL, id uuid NOT NULL, other uuid REFERENCES not_forced (id),
            name text UNIQUE, PRIMARY KEY (organization_id, id));
          ALTER TABLE loose ENABLE ROW LEVEL SECURITY;
          ALTER TABLE loose FORCE ROW LEVEL SECURITY;
          CREATE POLICY open ON loose USING (true);
          CREATE VIEW through AS SELECT id FROM contact;
          CREATE MATERIALIZED VIEW copied AS SELECT id FROM contact;
          CREATE FUNCTION all_contacts() RETURNS bigint LANGUAGE sql SECURITY DEFINER
            AS $$ SELECT count(id) FROM public.contact $$;
          GRANT SELECT ON unprotected, not_forced, loose, through, copied TO constat_app;
          """)
      #expect(
        Set(try Self.faults(session)) == [
          "unprotected: no row-level security", "unprotected: not forced",
          "unprotected: no policy on the organization",
          "not_forced: not forced", "not_forced: no policy on the organization",
          "not_forced: key does not begin with the organization",
          "not_forced_pkey: unique across organizations",
          "loose_other_fkey: reference without the organization",
          "loose_name_key: unique across organizations",
          "loose: no policy on the organization", "loose: open loosens isolation",
          "through: view with its owner's rights", "copied: materialized view",
          "all_contacts: definer's rights without a fixed search path",
        ])
    }
  }

  @Test func `no verb reaches another organization's row, in any table`() async throws {
    let other = "019a0000-0000-7000-8000-00000000000b"
    try await HandTyped.inEmptyOrganization { session, catalogue in
      var maker = RowMaker(organization: HandTyped.organization)
      try maker.remember(HandTyped.row(session, of: "organization"), of: #require(catalogue["organization"]))
      for table in catalogue.inDependencyOrder where table.hasOrganization && table.name != "organization" {
        try HandTyped.transaction(session, as: "user:claire") {
          let values = maker.values(for: table)
          // The row may be there already: the version of the organization, the history of what came before.
          guard try Self.count(table, session) == 0 else { return }
          maker.remember(
            try HandTyped.inserted(session.query(RowMaker.insertion(into: table, values))), of: table)
          for companion in RowMaker.companions(of: table.name, row: values) {
            _ = try session.query(companion)
          }
        }
        #expect(try Self.count(table, session) > 0, "\(table.name) has no row to try on")
      }
      try session.run(trusted: "SET ROLE constat_app")
      for table in catalogue.tables where table.hasOrganization {
        try Self.tryEachVerb(table, as: other, maker, session)
      }
    }
  }

  @Test func `a transaction without an organization sees nothing`() async throws {
    try await HandTyped.inEmptyOrganization { session, catalogue in
      try session.run(trusted: "SET ROLE constat_app")
      for table in catalogue.tables where table.hasOrganization && table.grants.contains("SELECT") {
        #expect(try Self.count(table, session) == 0, "\(table.name)")
      }
    }
  }

  @Test func `a role that row-level security does not bind is found out`() async throws {
    let database = try await TestDatabase.create()
    try await AdminSession.run(at: database.superuserURL) { session in
      try session.run(
        trusted: """
          DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'test_bypass') THEN
              CREATE ROLE test_bypass LOGIN BYPASSRLS PASSWORD 'constat';
              CREATE ROLE test_member LOGIN PASSWORD 'constat' IN ROLE constat_owner;
            END IF;
          END $$;
          """)
    }
    func faults(_ url: String) async throws -> String {
      let pool = Pool(
        PoolConfiguration(url: url, size: 1, pipelineConnections: 1, acquireTimeoutMilliseconds: 10_000),
        logger: .test)
      let faults = try await InstallationStore(pool: pool).roleFaults()
      await pool.shutdown()
      return faults.joined()
    }
    func url(_ user: String) throws -> String {
      try ConnectionString(database.appURL).with(["user": user]).text
    }
    #expect(try await faults(database.appURL) == "")
    #expect(try await faults(database.superuserURL).contains("superuser"))
    #expect(try await faults(database.ownerURL).contains("owns"))
    #expect(try await faults(url("test_bypass")).contains("BYPASSRLS"))
    #expect(try await faults(url("test_member")).contains("owns"))
    try await database.drop()
  }

  // MARK: -

  private static func count(_ table: Catalogue.Table, _ session: AdminSession) throws -> Int {
    try session.query(SQL.script(trusted: "SELECT count(*) AS count FROM \(table.name)")).value() ?? 0
  }

  private static func tryEachVerb(
    _ table: Catalogue.Table, as organization: String, _ maker: RowMaker, _ session: AdminSession
  ) throws {
    func attempt(_ verb: String, _ statement: SQL) throws {
      try session.run(trusted: "BEGIN")
      defer { try? session.run(trusted: "ROLLBACK") }
      _ = try session.query(
        """
        SELECT set_config('app.organization_id', \(organization), true), set_config('app.actor', 'user:eve', true),
          set_config('app.channel', 'sql', true)
        """)
      do {
        let result = try session.query(statement)
        #expect(table.grants.contains(verb), "\(verb) on \(table.name) is not granted and yet allowed")
        #expect(result.affectedRows == 0, "\(verb) reaches \(table.name)")
      } catch let error as PostgresError {
        #expect(error.sqlState == "42501", "\(verb) on \(table.name): \(error) \(error.message ?? "")")
        // Row-level security refuses a row for somebody else; a missing grant refuses the verb.
        #expect(verb == "INSERT" || !table.grants.contains(verb), "\(verb) on \(table.name)")
      }
    }
    let name = SQL.script(trusted: table.name)
    let column = SQL.script(trusted: table.changeable?.column ?? "organization_id")
    try attempt("SELECT", "SELECT organization_id FROM \(name)")
    try attempt("UPDATE", "UPDATE \(name) SET \(column) = \(column)")
    try attempt("DELETE", "DELETE FROM \(name)")
    try attempt("INSERT", RowMaker.insertion(into: table, maker.values(for: table)))
  }

  /// Everything in the schemas that `constat_app` can reach and that does not keep organizations apart.
  private static func faults(_ session: AdminSession) throws -> [String] {
    try session.query(
      """
      WITH relation AS (
        SELECT c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
          EXISTS (SELECT 1 FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND a.attnotnull) AS is_tenant
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'system')
      ), policy AS (
        SELECT p.polrelid, p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid) AS condition,
          pg_get_expr(p.polwithcheck, p.polrelid) AS check_condition,
          pg_get_expr(p.polqual, p.polrelid) IN ('(organization_id = system.organization_id())',
            '(organization_id = ( SELECT system.organization_id() AS organization_id))') AS isolates,
          p.polroles = ARRAY[(SELECT r.oid FROM pg_roles r WHERE r.rolname = 'constat_owner')] AS for_owner
        FROM pg_policy p
      )
      SELECT relname || ': no row-level security' AS fault FROM relation
      WHERE is_tenant AND relkind IN ('r', 'p') AND NOT relrowsecurity
      UNION ALL SELECT relname || ': not forced' FROM relation
      WHERE is_tenant AND relkind IN ('r', 'p') AND NOT relforcerowsecurity
      UNION ALL SELECT relname || ': no policy on the organization' FROM relation r
      WHERE is_tenant AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT 1 FROM policy p WHERE p.polrelid = r.oid
        AND p.polcmd = '*' AND p.isolates AND p.check_condition = p.condition)
      UNION ALL SELECT r.relname || ': ' || p.polname || ' loosens isolation' FROM relation r
      JOIN policy p ON p.polrelid = r.oid
      WHERE NOT p.for_owner AND (p.isolates IS NOT TRUE OR p.check_condition IS DISTINCT FROM p.condition)
      UNION ALL SELECT relname || ': key does not begin with the organization' FROM relation r
      WHERE is_tenant AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT 1 FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = r.oid AND i.indisprimary AND a.attname = 'organization_id')
      UNION ALL SELECT relname || ': view with its owner''s rights' FROM relation
      WHERE relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
      UNION ALL SELECT relname || ': materialized view' FROM relation WHERE relkind = 'm'
      UNION ALL SELECT k.conname || ': reference without the organization' FROM pg_constraint k
      JOIN relation r ON r.oid = k.conrelid JOIN relation f ON f.oid = k.confrelid
      WHERE k.contype = 'f' AND r.is_tenant AND f.is_tenant AND NOT EXISTS (
        SELECT 1 FROM unnest(k.conkey, k.confkey) AS u(n, m)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.m
        WHERE a.attname = 'organization_id' AND b.attname = 'organization_id')
      UNION ALL SELECT x.relname || ': unique across organizations' FROM pg_index i
      JOIN relation r ON r.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indisunique AND r.is_tenant AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey) AS u(n)
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = u.n WHERE a.attname = 'organization_id')
      UNION ALL SELECT f.proname || ': definer''s rights without a fixed search path' FROM pg_proc f
      JOIN pg_namespace n ON n.oid = f.pronamespace
      WHERE n.nspname IN ('public', 'system') AND f.prosecdef
        AND NOT coalesce(array_to_string(f.proconfig, ',') LIKE '%search_path=%pg_temp', false)
      ORDER BY fault
      """
    ).map { try $0.get("fault") }
  }
}
