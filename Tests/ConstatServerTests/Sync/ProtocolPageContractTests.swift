import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Support
import Testing

/// What `docs/sync.md` tells of the answers that ConstatSync does not write.
@Suite struct ProtocolPageContractTests {
  private func example(_ kind: String) throws -> JSONValue {
    let page = try String(contentsOf: TestServer.root.appending(path: "docs/sync.md"), encoding: .utf8)
    let part = try #require(page.components(separatedBy: "```json \(kind)\n").dropFirst().first)
    return try JSONValue.parse(String(part.components(separatedBy: "\n```")[0]))
  }

  @Test(arguments: [("enrolment", "EnrolledDevice"), ("token", "DeviceToken")])
  func `its answers are those of the contract`(_ kind: String, _ schema: String) throws {
    let contract = try Installation(home: TestServer.root).contract
    let found = try #require(contract.document["components"]?["schemas"]?[schema])
    #expect(SchemaCheck(contract).faults(try example(kind), found).isEmpty)
  }

  @Test func `the contract tells the policy of every field that a device sees`() throws {
    let contract = try Installation(home: TestServer.root).contract
    let types = try #require(
      contract.document["components"]?["schemas"]?["SyncFields"]?["properties"]?.object)
    #expect(Set(types.keys) == Set(EntityType.allCases.map(\.rawValue)))
    for rule in FieldRule.table {
      let field = types[rule.type.rawValue]?["properties"]?[rule.field]
      #expect(field?["x-policy"]?.string == rule.policy.rawValue, "\(rule.type) \(rule.field)")
      #expect(field?["description"]?.string == rule.reason)
      #expect(field?["x-device-accepts"]?.array?.compactMap(\.string) == rule.accepts)
    }
  }

  @Test func `it tells how large a message may be`() throws {
    let page = try String(contentsOf: TestServer.root.appending(path: "docs/sync.md"), encoding: .utf8)
    #expect(page.contains("at most \(Routes.jsonLimit >> 20) MiB and 8 MiB for a push"))
  }
}
