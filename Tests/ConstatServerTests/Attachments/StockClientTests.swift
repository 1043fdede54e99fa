import ConstatCore
import ConstatServer
import ConstatSync
import Crypto
import Foundation
import Support
import Testing

/// A client that is not ours: tuspy, from PyPI.
@Suite struct StockClientTests {
  @Test(.enabled(if: PythonProgram.isInstalled, "make test installs tuspy"))
  func `tuspy uploads, is cut in the middle of a part, and goes on where the server is`() async throws {
    try await TestServer.run(overHTTP: true) { server in
      let work = try await FieldWork.planned(server)
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let photo = TusClient.photo(5_300_000)
      let id = UUID().uuidString.lowercased()
      _ = try await device.push([device.photo(id, in: work.dossier, photo)])
      let file = FileManager.default.temporaryDirectory.appending(path: "photo-\(id).jpg")
      try Data(photo).write(to: file)
      defer { try? FileManager.default.removeItem(at: file) }
      let lines = try await PythonProgram.output(
        of: "tus_client.py", [server.address, device.token, file.path, "image/jpeg", "2097152"])
      #expect(lines.first?.hasPrefix("/v1/uploads/") == true)
      #expect(Array(lines.dropFirst()) == ["2097152", "5300000"])
      let content = try await server.get("/v1/attachments/\(id)/content", as: work.org.office.token)
      #expect(content.status == 200 && content.body == photo)
    }
  }
}
