import ArgumentParser
import ConstatCore
import ConstatDevice
import Foundation
import Postgres
import Support
import Testing

@testable import ConstatCLI

/// `constat device` as it is typed, on a file of its own, against a server over HTTP.
@Suite struct DeviceCommandTests {
  /// A directory that is a device, and the words to type in it.
  private struct Shell {
    let directory = FileManager.default.temporaryDirectory.appending(path: "device-\(UUID().uuidString)")

    @discardableResult
    func callAsFunction(_ words: String...) async throws -> [String] {
      let typed = ["device"] + words + ["--directory", directory.path]
      let command = try Constat.parseAsRoot(typed)
      if let enrolment = command as? EnrolDevice {
        return try await enrolment.lines(enrolment.password ?? "")
      }
      let device = try #require(command as? any DeviceCommand, "\(words)")
      return try await device.lines()
    }

    /// A file of a signature.
    func drawing() throws -> String {
      let file = directory.appending(path: "signature.png")
      try Data(TestServer.png).write(to: file)
      return file.path
    }
  }

  private struct Office {
    let server: TestServer
    let org: TestOrganization
    let dossier: String
    let number: String

    /// A mission of Marc's with a diagnostic, and a company to take money for.
    init(_ server: TestServer) async throws {
      let org = try await server.organization()
      try await server.givePassword(org.id, org.marc.id)
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute(
          """
          INSERT INTO company (organization_id, id, name, siren)
          VALUES (\(org.id), gen_random_uuid(), 'Cabinet', '732829320')
          """)
      }
      let owner = try await server.contact("Etcheverry", as: org, ["phone": "0559000000"])
      let dossier = try await server.dossier(
        as: org,
        [
          "owner_id": .string(owner), "payer_id": .string(owner), "street": "3 rue Neuve", "city": "Bayonne",
          "diagnostics": ["dpe"], "price_incl_tax_cents": 396_80, "price_mode": "manual",
        ])
      let id = try server.made(dossier)
      _ = try server.made(
        await server.post(
          "/v1/appointments", as: org.office.token,
          [
            "dossier_id": .string(id), "technician_id": .string(org.marc.wire),
            "starts_at_local": "2026-12-01T09:00", "duration_minutes": 60,
          ]))
      self.server = server
      self.org = org
      self.dossier = id
      number = String(dossier["number"].integer ?? 0)
    }

    func now() async throws -> TestServer.Answer {
      try await server.get("/v1/dossiers/\(dossier)", as: org.office.token)
    }

    private func read(_ path: String) async throws -> TestServer.Answer {
      try await server.get(path, as: org.office.token)
    }

    /// What the walk corrected outside the dossier's own row.
    func expectCorrections() async throws {
      let row = try await now()
      let owner = try await read("/v1/contacts/\(row["owner_id"].string ?? "")")
      #expect(owner["last_name"] == "Etcheverry" && owner["phone"] == "0611223344", "\(owner.text)")
      let payer = try await read("/v1/contacts/\(row["payer_id"].string ?? "")")
      #expect(payer["last_name"] == "Durand" && payer["phone"] == "0601020304", "\(payer.text)")
      let outbuildings = try await read("/v1/dossiers/\(dossier)/outbuildings")["items"].array ?? []
      #expect(outbuildings.map { $0["kind"] } == ["cellar"] && outbuildings.first?["lot_number"] == "12")
      let diagnostics = try await read("/v1/dossiers/\(dossier)/diagnostics")["items"].array ?? []
      #expect(
        Set(diagnostics.compactMap { $0["diagnostic_code"]?.string }) == ["dpe", "gas"], "\(diagnostics)")
      let energy = diagnostics.first { $0["diagnostic_code"] == "dpe" }
      #expect(energy?["pre_conclusion"] == "Classe D" && energy?["outcome"] == "done")
      let payments = try await read("/v1/payments?dossier_id=\(dossier)")["items"].array ?? []
      #expect(payments.map { $0["amount_cents"] } == [380_00] && payments.first?["reference"] == "0042187")
    }
  }

  /// The mobile order whole (MIS-05): each step's correction is in the dossier after the sync, MIS-08 (the address), MIS-09
  /// (how to get in), MIS-10 (the owner), MIS-11 (the payer), MIS-12 (outbuildings), MIS-13 (diagnostics), MIS-14 (the
  /// price), MIS-17 (the payment) and MIS-19 (pre-conclusions).
  @Test
  func `a technician walks a mission from the command line, offline, and syncs it MIS-05 MIS-07 MIS-31`()
    async throws
  {
    try await TestServer.run(poolSize: 8, overHTTP: true) { server in
      let office = try await Office(server)
      let number = office.number
      let device = Shell()
      defer { try? FileManager.default.removeItem(at: device.directory) }
      try await device(
        "enrol", server.address, "--email", office.org.marc.email, "--password", TestServer.password)
      #expect(try await device("sync")[0].hasPrefix("0 edits sent, "))
      #expect(
        try await device("missions") == ["\(number)  2026-12-01 09:00:00  3 rue Neuve, Bayonne  scheduled"])

      #expect(
        try await device("day", "--on", "2026-12-01") == [
          "2026-12-01 09:00:00  \(number)  3 rue Neuve, Bayonne  intervention_sheet, commercial_order"
        ])
      #expect(try await device("day", "--on", "2026-12-02").isEmpty)

      #expect(try await device("start", number, "--at", "43.49,-1.47") == ["1 of 10: the address"])
      try await device("edit", "address", number, "--street", "5 rue Neuve")
      #expect(try await device("confirm", number) == ["2 of 10: how to get in"])
      try await device("edit", "access", number, "--floor", "2", "--comment", "Digicode 4521")
      try await device("confirm", number)
      try await device("edit", "contact", number, "--phone", "0611223344")
      try await device("confirm", number)
      try await device("payer", number, "--last-name", "Durand", "--phone", "0601020304")
      try await device("confirm", number)
      let garage = try await device("outbuilding", "add", number, "garage", "--lot", "7")[0]
      try await device("outbuilding", "add", number, "cellar", "--lot", "12")
      try await device("outbuilding", "remove", number, garage)
      try await device("confirm", number)
      try await device("diagnostic", "add", number, "gas")
      #expect(try await device("confirm", number) == ["7 of 10: the price"])
      try await device("edit", "price", number, "380,00", "--comment", "fidélité")
      #expect(try await device("confirm", number) == ["8 of 10: is the payer there?"])
      #expect(try await device("answer", number, "yes") == ["9 of 10: does he pay now?"])
      #expect(try await device("answer", number, "yes") == ["10 of 10: the payment"])
      try await device(
        "pay", number, "cheque", "380.00", "--reference", "0042187", "--bank", "Crédit Agricole", "--issuer",
        "Durand")
      try await device("diagnostic", "conclude", number, "dpe", "Classe D", "--outcome", "done")
      try await device("edit", "notes", number, "Cave inondée")
      try await device("edit", "facts", number, "--rooms", "4", "--built", "1934")
      let drawing = try device.drawing()
      #expect(
        try await device(
          "sign", number, "--technician", "Marc Bidart", "--technician-image", drawing, "--client",
          "A. Durand", "--client-image", drawing, "--receipt") == ["finalised"])

      try await device("attach", number, drawing, "--caption", "Compteur")
      #expect(try await device("files", number) == ["signature.png  Compteur  0 of 8 bytes sent"])

      let shown = try await device("show", number).joined(separator: "\n")
      for part in [
        "address      5 rue Neuve, Bayonne", "access       floor 2, Digicode 4521", "outbuilding  cellar 12",
        "Etcheverry, 0611223344 (owner)", "Durand, 0601020304 (payer)", "diagnostic   dpe done: Classe D",
        "diagnostic   gas", "price        380,00 €", "payment      380,00 € cheque 0042187",
        "order        finalised", "not sent     ",
      ] { #expect(shown.contains(part), "\(part) is not in\n\(shown)") }
      #expect(!shown.contains("garage"))
      #expect(try await device("pending")[0].contains(" edits wait, the oldest since "))

      let report = try await device("sync")
      let contested = try await device("conflicts")
      #expect(report.count == 1 && !report[0].hasPrefix("0 edits sent"), "\(report) \(contested)")
      #expect(try await device("pending") == ["Nothing waits."])
      #expect(try await device("upload") == ["1 files sent, 0 wait."])
      try await device("sync")
      #expect(try await device("files", number) == ["signature.png  Compteur  on the server"])
      let dossier = try await office.now()
      #expect(dossier["street"] == "5 rue Neuve" && dossier["status"] == "visited", "\(dossier.text)")
      #expect(dossier["price_incl_tax_cents"] == 380_00)
      #expect(dossier["floor"] == "2" && dossier["access_comment"] == "Digicode 4521")
      #expect(
        dossier["room_count"] == 4 && dossier["built_year"] == 1934 && dossier["notes"] == "Cave inondée")
      try await office.expectCorrections()
      #expect(try await !device("show", number).contains { $0.hasPrefix("not sent") })
      let journal = try JSONValue.parse(try await device("export")[0])
      #expect(journal["journal"]?.array?.allSatisfy { $0["state"] == "acknowledged" } == true)
    }
  }

  @Test func `conflicts and news are told, and what cannot be done is said in a sentence`() async throws {
    try await TestServer.run(poolSize: 8, overHTTP: true) { server in
      let office = try await Office(server)
      let device = Shell()
      defer { try? FileManager.default.removeItem(at: device.directory) }
      await #expect(throws: DeviceError.notEnrolled) { try await device("missions") }
      try await device(
        "enrol", server.address, "--email", office.org.marc.email, "--password", TestServer.password)
      await #expect(throws: DeviceError.alreadyEnrolled) {
        try await device(
          "enrol", server.address, "--email", office.org.marc.email, "--password", TestServer.password)
      }
      try await device("sync")
      try await device("edit", "address", office.number, "--street", "5 rue Neuve")
      _ = try await server.patch(
        "/v1/dossiers/\(office.dossier)", as: office.org.office.token, ["street": "7 rue Vieille"])
      let report = try await device("sync")
      #expect(report.dropFirst() == ["1 conflicted", "1 messages: `constat device inbox`"])
      #expect(
        try await device("conflicts") == [
          #"street: here "5 rue Neuve", there "7 rue Vieille"; mine is live"#
        ])
      #expect(try await device("inbox")[0].hasSuffix("met somebody else's value: the office decides"))
      #expect(try await device("inbox", "--dismiss", "1") == [])

      await #expect(throws: DeviceError.orderNotStarted) { try await device("confirm", office.number) }
      await #expect(throws: DeviceError.missionNotHere("77")) { try await device("show", "77") }
      try await device("start", office.number)
      await #expect(throws: WrongStep.self) { try await device("answer", office.number, "yes") }
      await #expect(throws: FieldProblems.self) {
        try await device("edit", "access", office.number, "--floor", String(repeating: "x", count: 99))
      }
      try await device(
        "enrol", server.address, "--email", office.org.marc.email, "--password", TestServer.password,
        "--again")
      #expect(try await device("sync")[0].hasPrefix("1 edits sent"))
    }
  }

  @Test func `who has the mission now reads what its former technician sent too late`() async throws {
    try await TestServer.run(poolSize: 8, overHTTP: true) { server in
      let office = try await Office(server)
      let org = office.org
      try await server.givePassword(org.id, org.nadia.id)
      let (marc, nadia) = (Shell(), Shell())
      defer { for shell in [marc, nadia] { try? FileManager.default.removeItem(at: shell.directory) } }
      for (shell, person) in [(marc, org.marc), (nadia, org.nadia)] {
        try await shell("enrol", server.address, "--email", person.email, "--password", TestServer.password)
        try await shell("sync")
      }
      try await marc("edit", "access", office.number, "--floor", "2", "--comment", "Cave inondée")
      try await server.asOwner(org.id) { transaction in
        _ = try await transaction.execute("UPDATE appointment SET technician_id = \(org.nadia.id)")
      }
      #expect(try await marc("sync").contains("1 parked"))
      try await nadia("sync")
      let waiting = #"parked       set dossier access_comment "Cave inondée" floor "2" (reassigned)"#
      let shown = try await nadia("show", office.number)
      #expect(shown.contains(waiting) && !shown.contains { $0.hasPrefix("access") }, "\(shown)")

      let parked = try await server.get("/v1/sync/parked", as: org.office.token)["items"].array ?? []
      let id = try #require(parked.first?["id"]?.string)
      #expect(try await server.post("/v1/sync/parked/\(id)/apply", as: org.office.token).status == 200)
      try await nadia("sync")
      let settled = try await nadia("show", office.number)
      #expect(settled.contains("access       floor 2, Cave inondée"), "\(settled)")
      #expect(!settled.contains(waiting))
    }
  }

  @Test func `a watching device hears of changes, and of its own revocation`() async throws {
    try await TestServer.run(poolSize: 8, overHTTP: true) { server in
      let office = try await Office(server)
      let device = Shell()
      defer { try? FileManager.default.removeItem(at: device.directory) }
      try await device(
        "enrol", server.address, "--email", office.org.marc.email, "--password", TestServer.password)
      try await device("sync")
      try await device("edit", "address", office.number, "--street", "5 rue Neuve")
      async let watching = device("watch")
      let id = try #require(
        try await server.get("/v1/devices", as: office.org.admin.token)["items"].array?.first?["id"]?.string)
      while try await office.now()["street"] != "5 rue Neuve" {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(try await server.delete("/v1/devices/\(id)", as: office.org.admin.token).status == 204)
      #expect(try await watching == [SyncDevice.farewell])
      await #expect(throws: DeviceError.notEnrolled) { try await device("missions") }
    }
  }
}
