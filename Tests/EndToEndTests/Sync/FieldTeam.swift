import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation
import Postgres
import Support

/// An organization with a mission of Marc's on a real server, and his device with its file.
struct FieldTeam {
  let server: TestServer
  let org: TestOrganization
  let rows: TestRows
  let directory: URL

  static func run(_ body: @escaping @Sendable (FieldTeam) async throws -> Void) async throws {
    try await TestServer.run(overHTTP: true) { server in
      let org = try await server.organization()
      let directory = FileManager.default.temporaryDirectory.appending(path: "field-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: directory) }
      try await server.givePassword(org.id, org.marc.id)
      try await body(FieldTeam(server: server, org: org, rows: server.rows(in: org), directory: directory))
    }
  }

  var mission: String { id("dossier") }

  /// As the wire has it.
  func id(_ kind: String) -> String { rows[kind].uuidString.lowercased() }

  func enrol(_ name: String = "tablette") async throws -> FieldDevice {
    try await FieldDevice.enrol(
      file: directory.appending(path: name + ".sqlite").path, server: server.address, email: org.marc.email,
      password: TestServer.password, name: name)
  }

  /// The office changes its dossier.
  func office(_ changes: JSONValue) async throws -> TestServer.Answer {
    try await server.patch("/v1/dossiers/\(mission)", as: org.office.token, changes)
  }
}
