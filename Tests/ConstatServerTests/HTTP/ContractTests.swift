import ConstatCore
import ConstatServer
import Foundation
import HTTPTypes
import Support
import Testing

/// The contract and the router say the same.
@Suite struct ContractTests {
  @Test func `every route is in the contract and every operation has a route`() async throws {
    try await TestServer.run { server in
      var operations: Set<String> = []
      for (path, item) in server.contract.document["paths"]?.object ?? [:] {
        for method in ["get", "post", "put", "patch", "delete", "head", "options"] where item[method] != nil {
          operations.insert("\(method.uppercased()) \(path)")
        }
      }
      let routes = Set(server.app.routes.all.map { "\($0.method.rawValue) \($0.path)" })
      #expect(operations.subtracting(routes).sorted() == [])
      #expect(routes.subtracting(operations).sorted() == [])
    }
  }

  @Test func `the rights that the contract declares are those that the routes enforce`() async throws {
    try await TestServer.run { server in
      for route in server.app.routes.all {
        let operation = server.contract.document["paths"]?[route.path]?[route.method.rawValue.lowercased()]
        var declared = Access()
        declared.profiles = Set(
          (operation?["x-roles"]?.array ?? []).compactMap { $0.string.flatMap(Profile.init(rawValue:)) })
        declared.scopes = Set(
          (operation?["x-scopes"]?.array ?? []).compactMap { $0.string.flatMap(Scope.init(rawValue:)) })
        declared.client = operation?["x-client"]?.bool ?? false
        declared.device = operation?["x-device"]?.bool ?? false
        declared.anonymous = operation?["security"]?.array?.isEmpty ?? false
        #expect(declared == route.access, "\(route.method) \(route.path)")
        let keys = (operation?["parameters"]?.array ?? []).filter {
          $0["$ref"]?.string?.hasSuffix("/RequiredIdempotencyKey") == true
        }
        #expect(
          keys.isEmpty != route.requiresIdempotencyKey, "\(route.method) \(route.path): Idempotency-Key")
      }
    }
  }

  @Test func `every operation has an operation id of its own, a tag and answers for problems`() async throws {
    let contract = try Contract(directory: TestServer.root.appending(path: "openapi"))
    var ids: Set<String> = []
    for (path, item) in contract.document["paths"]?.object ?? [:] {
      for (method, operation) in item.object ?? [:] where method != "parameters" {
        let id = operation["operationId"]?.string
        #expect(id != nil && ids.insert(id!).inserted, "\(method) \(path)")
        #expect(operation["tags"]?.array?.count == 1, "\(method) \(path)")
        #expect(operation["responses"]?["default"] != nil, "\(method) \(path)")
      }
    }
  }
}
