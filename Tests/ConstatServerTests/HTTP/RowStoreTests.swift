import ConstatCore
@testable import ConstatServer
import ConstatSync
import Postgres
import Support
import Testing

@Suite struct RowStoreTests {
  @Test func `what a device writes is cast to the type of its column`() async throws {
    let casts: [String: Set<String>] = [
      "": ["text"], "::boolean": ["boolean"], "::bigint": ["bigint", "integer"], "::date": ["date"],
      "::timestamptz": ["timestamp with time zone"], "::uuid": ["uuid"], "::float8": ["double precision"],
    ]
    try await HandTyped.inEmptyOrganization { _, catalogue in
      var seen: Set<String> = []
      for type in EntityType.allCases {
        for field in type.writableFields?.fields ?? [] where field.name != SignatureImage.field {
          guard let cast = field.kind.cast?.text else { continue }
          let table = try #require(catalogue[type.rawValue])
          let column = try #require(table.columns.first { $0.name == field.column })
          #expect(casts[cast]?.contains(column.type) == true, "\(table.name).\(column.name) \(column.type)")
          seen.insert(cast)
        }
      }
      #expect(seen == Set(casts.keys))
    }
  }
}
