import ConstatConformance
import ConstatCore
import Foundation
import Postgres
import Support
import Synchronization
import Testing

@testable import ConstatCLI

@Suite struct ConformanceTests {
  private static let folder = TestServer.root.appending(path: "conformance")

  /// The vectors over HTTP, as the command runs them; what it says, and what it saw.
  private func run(
    _ server: TestServer, _ set: VectorSet, witness: VectorRun.Witness? = nil
  ) async throws -> (isWell: Bool, lines: [String]) {
    let org = try await server.organization()
    try await server.givePassword(org.id, org.office.id)
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO company (organization_id, id, name, siren)
        VALUES (\(org.id), gen_random_uuid(), 'Cabinet', '732829320')
        """)
    }
    return try await ConformanceRun.with(
      server: server.address, set: set,
      signIn: .init(email: org.office.email, password: TestServer.password, organization: nil),
      witness: witness
    ) { run in
      var lines: [String] = []
      let isWell = try await run.play(set.vectors) { lines.append($0) }
      return (isWell, lines)
    }
  }

  @Test func `every vector holds against this server, and every value that it expects could fail it`()
    async throws
  {
    try await TestServer.run(poolSize: 8, overHTTP: true) { server in
      let set = try VectorSet(directory: Self.folder)
      let seen = Mutex<[(String, JSONValue, JSONValue)]>([])
      let (isWell, lines) = try await run(server, set) { vector, expected, actual in
        seen.withLock { $0.append((vector, expected, actual)) }
      }
      #expect(isWell, "\(lines.filter { !$0.hasPrefix("✔") }.joined(separator: "\n"))")
      #expect(lines.last?.hasSuffix("0 fail, 0 skipped") == true)
      var mutants = 0
      for (vector, expected, actual) in seen.withLock({ $0 }) {
        for mutant in Mutants.of(expected) {
          mutants += 1
          #expect(
            Expectation.difference(mutant, actual) != nil, "\(vector) would not notice \(mutant)")
        }
      }
      #expect(mutants > 500)
    }
  }

  @Test func `a vector with a wrong expectation fails at its step, the others go on`() async throws {
    let set = try VectorSet(directory: Self.folder)
    let names = ["idle-pull", "push-applied"]
    let right = set.vectors.filter { names.contains($0.name) }
    let file = try JSONValue.parse(
      Array(Data(contentsOf: Self.folder.appending(path: "server/push-applied.json"))))
    let text = file.description.replacing(#""status":"applied""#, with: #""status":"merged""#)
    let wrong = try Vector(name: "wrong", json: JSONValue.parse(text))
    let mutated = VectorSet(vectors: [wrong] + right, givens: set.givens)
    try await TestServer.run(overHTTP: true) { server in
      let (isWell, lines) = try await run(server, mutated)
      #expect(!isWell)
      #expect(
        lines[0].hasSuffix(
          #"the device corrects the street and the floor: /results/0/status is "applied", expected "merged""#),
        "\(lines)")
      #expect(lines.dropFirst().prefix(2).allSatisfy { $0.hasPrefix("✔") })
      #expect(lines.last == "\n2 of 3 vectors hold, 1 fail, 0 skipped")
    }
  }

  @Test func `a server that is not there, or does not know the caller, is no failure of a vector`()
    async throws
  {
    let set = VectorSet(vectors: [], givens: [:])
    let signIn = ConformanceRun.SignIn(email: "x@example.test", password: "y", organization: nil)
    await #expect(throws: ConformanceRun.Unfit.self) {
      try await ConformanceRun.with(server: "http://127.0.0.1:1", set: set, signIn: signIn) { _ in }
    }
    try await TestServer.run(overHTTP: true) { server in
      await #expect(throws: ConformanceRun.Unfit.self) {
        try await ConformanceRun.with(server: server.address, set: set, signIn: signIn) { _ in }
      }
    }
  }
}

/// An expectation with one of its values replaced, for each of them that says something of the answer.
private enum Mutants {
  static func of(_ expected: JSONValue) -> [JSONValue] {
    switch expected {
    case .string("@any"): []
    case .object(let members):
      members.sorted { $0.key < $1.key }.flatMap { name, value -> [JSONValue] in
        // Says what must not be there: another value is not there either.
        if name == "@lacks" || name == "@not" { return [] }
        return of(value).map { mutant in .object(members.merging([name: mutant]) { $1 }) }
      }
    case .array(let items):
      items.indices.flatMap { index in
        of(items[index]).map { mutant in
          var mutated = items
          mutated[index] = mutant
          return .array(mutated)
        }
      }
    case .integer: [.integer(.max)]
    default: [.string("neither this nor that")]
    }
  }
}
