import ConstatCore
import ConstatServer
import ConstatSync
import Postgres
import Support
import Testing

@Suite struct InitialValueTests {
  /// A device may edit a row that it made before it has pulled it: what the server filled in must be known by then.
  @Test func `what a new row starts with is what the policy table says`() async throws {
    try await TestServer.run { server in
      let org = try await server.organization()
      for type in EntityRule.table.filter({ $0.mayCreate && !$0.isImmutable }).map(\.type) {
        let defaults = try await server.asOwner(org.id) { transaction in
          try await transaction.query(
            """
            SELECT column_name::text AS name, split_part(column_default, '::', 1) AS text
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = \(type.rawValue) AND column_default IS NOT NULL
            """
          ).reduce(into: [String: String]()) { $0[try $1.get("name")] = try $1.get("text") }
        }
        for rule in type.rules where rule.writable == .always {
          let told: String? = rule.initial.map { value in
            switch value {
            case .string(let text): "'\(text)'"
            case .array: "'{}'"
            default: value.description
            }
          }
          #expect(told == defaults[rule.field], "\(type.rawValue).\(rule.field)")
        }
      }
    }
  }
}
