import ConstatCore
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

/// A client that is not the SDK: `Tests/Python/sync_client.py`, written from docs/sync.md with nothing but Python's standard
/// library. Each call of it is an app that starts, does one thing and is gone.
@Suite(.enabled(if: PythonProgram.isInstalled, "make test installs Python's environment"))
struct IndependentClientTests {
  @Test func `the client in Python keeps what the vectors say, and each value that they expect counts`()
    async throws
  {
    let folder = TestServer.root.appending(path: "conformance/client")
    let lines = try await PythonProgram.output(of: "play_client_vectors.py", [folder.path])
    let vectors = lines.filter { $0.contains(".json: ") }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(vectors.count == files.count && vectors.allSatisfy { $0.hasSuffix(": holds") }, "\(vectors)")
    let replaced = lines.dropLast().last.flatMap { Int($0.prefix { $0.isNumber }) }
    #expect(replaced ?? 0 > 300 && lines.last == "unnoticed: None", "\(lines.suffix(2))")
  }

  @Test
  func
    `MIS-06 it enrols, pulls page by page, meets the office in one field, and loses an answer without losing an edit`()
    async throws
  {
    try await FieldTeam.run { team in
      let phone = Phone(team)
      try await phone.enrol()
      let first = try await phone.lossySync(page: 2)
      #expect(first.ending == "done" && first.pages > 2 && first.packedAnswers > 0, "\(first)")
      let street = try await team.dossier()["street"]
      #expect(try await phone.row("dossier", team.mission)["street"] == street)
      #expect(try await phone.run("compare") == "done")

      // Both write the street without having seen the other; only one of them the door, only the other the city.
      try await phone.set(["street": "terrain", "door": "B", "access_comment": "Portail vert"])
      #expect(
        try await team.office(["street": "bureau", "city": "Bidart", "access_comment": "Code 12A"]).status
          == 200)
      let cellar = UUID().uuidString.lowercased()
      let padding = String(repeating: "humide ", count: 200)
      _ = try await phone.run(
        "create", team.mission, "outbuilding", cellar,
        JSONValue.object([
          "dossier_id": .string(team.mission), "kind": "cellar", "comment": .string(padding),
        ]).description)
      #expect(try await phone.row("dossier", team.mission)["street"] == "terrain")
      let lost = try await phone.lossySync(losing: true)
      #expect(lost.ending == "offline" && lost.packedRequests > 0, "\(lost)")
      #expect(try await phone.state()["unanswered"] == [1, 2])
      // What was settled unseen is settled once: the server answers what it had.
      #expect(try await phone.run("sync") == "done")
      let answers = try await phone.state()["answers"]?.array ?? []
      #expect(answers.map { $0["status"] } == ["conflicted", "applied"])
      #expect(answers.allSatisfy { $0["replayed"] == true })
      #expect(try await team.count("outbuilding", "lot_number IS NULL AND comment LIKE 'humide%'") == 1)

      let dossier = try await team.dossier()
      #expect(dossier["street"] == "terrain" && dossier["door"] == "B" && dossier["city"] == "Bidart")
      #expect(dossier["access_comment"] == "Code 12A\n---\nPortail vert")
      for field in ["street", "door", "city", "access_comment"] {
        #expect(try await phone.row("dossier", team.mission)[field] == dossier[field], "\(field)")
      }
      let conflicts = try await phone.rows("sync_conflict").filter { $0["entity_id"]?.string == team.mission }
      let contested = Set(conflicts.compactMap { $0["field"]?.string })
      #expect(contested.isSuperset(of: ["street", "access_comment"]) && !contested.contains("door"))
      #expect(try await phone.run("compare") == "done")
      #expect(try await phone.state()["inbox"] == [])

      // The mission leaves; what was typed meanwhile is kept for somebody to decide.
      try await phone.set(["floor": "3"])
      try await team.giveAway()
      #expect(try await phone.run("sync") == "done")
      let state = try await phone.state()
      #expect(state["inbox"]?.array?.first?["reason"] == "reassigned", "\(state["inbox"] ?? nil)")
      #expect(state["inbox"]?.array?.last == ["left": .string(team.mission), "reason": "reassigned"])
      #expect(try await phone.rows("dossier").isEmpty)
      #expect(try await phone.rows("outbuilding").isEmpty)
      #expect(try await phone.run("compare") == "done")
    }
  }

  @Test
  func `MIS-06 after a restore it brings back what the server had acknowledged, as itself or enrolled anew`()
    async throws
  {
    try await FieldTeam.run { team in
      let (phone, late) = (Phone(team), Phone(team, "late"))
      try await phone.enrol()
      #expect(try await phone.run("sync") == "done")
      let backup = try await team.server.database.backup(in: team.directory)
      try await late.enrol()
      let edits: [(Phone, JSONValue)] = [(phone, ["street": "terrain"]), (late, ["floor": "4"])]
      for (one, fields) in edits {
        #expect(try await one.run("sync") == "done")
        try await one.set(fields)
        #expect(try await one.run("sync") == "done")
        #expect(try await one.state()["answers"]?.array?.map { $0["status"] } == ["applied"])
      }
      let epoch = try await phone.state()["checkpoint"]?["epoch"]
      try await team.server.database.restore(backup)
      #expect(try await team.dossier()["street"] != "terrain")

      #expect(try await phone.settled() == "done")
      #expect(try await phone.state()["checkpoint"]?["epoch"] != epoch)
      #expect(try await team.dossier()["street"] == "terrain")
      #expect(try await team.sequences() == [1])
      // The backup does not know the other one.
      #expect(try await late.settled() == "enrol-anew")
      try await late.enrol()
      #expect(try await late.state()["unanswered"] == [1])
      #expect(try await late.run("compare") == "done")
      #expect(try await team.dossier()["floor"] == "4")
      #expect(try await phone.run("compare") == "done")
      #expect(try await phone.row("dossier", team.mission)["floor"] == "4")
    }
  }
}

/// The client's file, and the program that works on it.
private struct Phone {
  let team: FieldTeam
  let file: String

  init(_ team: FieldTeam, _ name: String = "phone") {
    self.team = team
    file = team.directory.appending(path: name + ".sqlite").path
  }

  /// The last line that it prints.
  @discardableResult
  func run(_ command: String, _ arguments: String...) async throws -> String {
    try await PythonProgram.output(of: "sync_client.py", [file, command] + arguments).last ?? ""
  }

  func enrol() async throws {
    try await run("enrol", team.server.address, team.org.marc.email, TestServer.password)
  }

  func set(_ fields: JSONValue) async throws {
    try await run("set", team.mission, "dossier", team.mission, fields.description)
  }

  /// Syncs until the connections that a restore broke are made anew.
  func settled() async throws -> String {
    for _ in 0..<50 {
      let ending = try await run("sync")
      if ending != "offline" { return ending }
      try await Task.sleep(for: .milliseconds(100))
    }
    return try await run("sync")
  }

  func lossySync(page: Int = 500, losing: Bool = false) async throws -> (
    ending: String, pages: Int, packedRequests: Int, packedAnswers: Int
  ) {
    let lines = try await PythonProgram.output(
      of: "lossy_sync.py", [file, String(page)] + (losing ? ["lose"] : []))
    let numbers = lines.dropFirst().compactMap { Int($0) }
    guard let ending = lines.first, numbers.count == 3 else { throw Unread(lines: lines) }
    return (ending, numbers[0], numbers[1], numbers[2])
  }

  struct Unread: Error { let lines: [String] }

  func state() async throws -> JSONValue { try JSONValue.parse(await run("state")) }

  /// As the technician sees them.
  func rows(_ type: String) async throws -> [JSONValue] {
    try await state()["shown"]?.array?.filter { $0["type"]?.string == type }.map { $0["fields"] ?? nil } ?? []
  }

  func row(_ type: String, _ id: String) async throws -> [String: JSONValue] {
    try await state()["shown"]?.array?.first { $0["type"]?.string == type && $0["id"]?.string == id }?[
      "fields"]?
      .object ?? [:]
  }
}

extension FieldTeam {
  /// The office gives the mission to another technician.
  fileprivate func giveAway() async throws {
    let (org, other, dossier) = (org.id, org.nadia.id, rows["dossier"])
    try await server.asOwner(org) { transaction in
      _ = try await transaction.execute(
        """
        UPDATE appointment SET technician_id = \(other) WHERE organization_id = \(org) AND dossier_id = \(dossier)
        """)
    }
  }
}
