import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import HTTPTypes
import Logging
import Postgres
import Support
import Synchronization
import Testing

/// The three parts of the mission order, the files that are made of them, and who is sent one.
@Suite struct MissionDocumentTests {
  /// Makes no picture of anything: its file is the content itself behind a PDF's first bytes.
  private struct PlainRenderer: MissionRenderer {
    struct OutOfPaper: Error {}
    let isBroken: Bool

    func render(_ part: MissionOrderPart, _ content: JSONValue, drawings: [String: [UInt8]]) async throws -> (
      bytes: [UInt8], mediaType: String
    ) {
      if isBroken { throw OutOfPaper() }
      return (
        Array("%PDF-\(part.rawValue) \(drawings.count)\n".utf8) + content.serialized(), "application/pdf"
      )
    }
  }

  private final class Letterbox: MailTransport {
    let mails = Mutex<[OutgoingMail]>([])
    func send(_ mail: OutgoingMail) async throws { mails.withLock { $0.append(mail) } }
  }

  private func work(
    _ server: TestServer, renderer: (any MissionRenderer)? = nil, mail: (any MailTransport)? = nil
  ) async {
    let services = Services(
      pool: server.services.pool, clock: server.services.clock, secret: server.services.secret,
      storage: server.services.storage, renderer: renderer, mail: mail)
    let worker = JobWorker(
      services: services, jobs: JobKinds.all(with: services),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    while await worker.runOnce() > 0 {}
  }

  private func parts(_ work: FieldWork) async throws -> [String: JSONValue] {
    let answer = try await work.server.get(
      "/v1/dossiers/\(work.path)/mission-order/parts", as: work.org.office.token)
    let items = answer["items"].array ?? []
    return Dictionary(uniqueKeysWithValues: items.map { ($0["part"]?.string ?? "", $0) })
  }

  @Test
  func
    `each part is to be had or not, from the dossier, its header and the route sheet MIS-01 MIS-03 MIS-04`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let path = "/v1/dossiers/\(work.path)"
      let bare = try await parts(work)
      #expect(bare["intervention_sheet"]?["available"] == true)
      #expect(bare["commercial_order"]?["obstacles"] == ["no-price"])
      #expect(bare["payment_receipt"]?["obstacles"] == ["no-payment-on-site"])
      let refused = try await server.post(
        "\(path)/mission-order/parts/commercial_order/rendering", as: work.org.office.token)
      #expect(refused.isProblem(409, "part-unavailable") && refused["obstacles"] == ["no-price"])
      try await server.patch(
        path, as: work.org.office.token, ["price_mode": "manual", "price_incl_tax_cents": 250_00])
      #expect(try await parts(work)["commercial_order"]?["available"] == true)
      let available: JSONValue = ["intervention_sheet", "commercial_order"]
      #expect(try await server.get(path, as: work.org.sales.token)["mission_order_parts"] == available)
      let sheet = try await server.get(
        "/v1/route-sheets/\(work.org.marc.wire)/2026-12-01", as: work.org.marc.token)
      #expect(sheet["items"].array?.first?["mission_order_parts"] == available, "\(sheet.text)")
      // A quote that the client signed is not stood for (QUO-16).
      let header = try await server.patch(path, as: work.org.office.token, ["quote_signed_on": "2026-11-20"])
      #expect(header["mission_order_parts"] == ["intervention_sheet"])
      #expect(
        header["signatures"] == ["quote": "signed", "mission_order": "unsigned", "ademe_form": "unsigned"])
      #expect(try await parts(work)["commercial_order"]?["obstacles"] == ["quote-signed"])
      let odd = try await server.get("\(path)/mission-order/parts/fourth", as: work.org.office.token)
      #expect(odd.status == 404)
    }
  }

  @Test func `the intervention sheet says all that the technician needs MIS-02`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      try await server.patch(
        "/v1/dossiers/\(work.path)", as: work.org.office.token,
        ["floor": "2", "key_pickup": "Agence", "built_year": 1948, "notes": "chien"])
      try await server.post(
        "/v1/dossiers/\(work.path)/diagnostics", as: work.org.office.token, ["diagnostic_code": "lead"])
      let sheet = try await server.get(
        "/v1/dossiers/\(work.path)/mission-order/parts/intervention_sheet", as: work.org.marc.token)
      let content = sheet["content"]
      #expect(content["dossier"]?["street"] == "1 rue de la Paix" && content["dossier"]?["floor"] == "2")
      #expect(content["property"]?["built_year"] == 1948 && content["property"]?["key_pickup"] == "Agence")
      #expect(content["property"]?["notes"] == "chien")
      let owner = content["contacts"]?.array?.first { $0["role"] == "owner" }
      #expect(owner?["name"] == "Etcheverry" && owner?["phone"] == "0559000000")
      #expect(content["visits"]?.array?.first?["starts_at"] == "2026-12-01T08:00:00Z")
      #expect(content["diagnostics"]?.array?.first?["diagnostic_code"] == "lead")
      #expect(content["company"]?["siren"] == "732829320", "\(sheet.text)")
      let receipt = try await server.get(
        "/v1/dossiers/\(work.path)/mission-order/parts/payment_receipt", as: work.org.marc.token)
      #expect(receipt["available"] == false && receipt["content"].isNull)
    }
  }

  @Test func `an edition waits for a worker that renders, and is made once for what has not changed MIS-01`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let rendering = "/v1/dossiers/\(work.path)/mission-order/parts/intervention_sheet/rendering"
      let first = try await server.post(rendering, as: work.org.marc.token)
      #expect(first.status == 202 && first["state"] == "queued", "\(first.text)")
      let document = first.headers[.location] ?? ""
      let early = try await server.get("\(document)/content", as: work.org.marc.token)
      #expect(early.isProblem(409, "not-rendered") && early["state"] == "queued")
      await self.work(server)
      #expect(
        try await server.get(document, as: work.org.marc.token)["state"] == "queued", "nobody can render")
      await self.work(server, renderer: PlainRenderer(isBroken: false))
      let made = try await server.get(document, as: work.org.marc.token)
      #expect(made["state"] == "rendered" && made["media_type"] == "application/pdf", "\(made.text)")
      let file = try await server.get("\(document)/content", as: work.org.marc.token)
      #expect(
        file.text.hasPrefix("%PDF-intervention_sheet")
          && made["size_bytes"] == .integer(Int64(file.body.count)))
      #expect(file.headers[.contentDisposition]?.contains("feuille-intervention-1.pdf") == true)
      let again = try await server.post(rendering, as: work.org.office.token)
      #expect(again["id"] == first["id"] && again["state"] == "rendered")
      try await server.patch("/v1/dossiers/\(work.path)", as: work.org.office.token, ["floor": "3"])
      let other = try await server.post(rendering, as: work.org.office.token)
      #expect(other["id"] != first["id"] && other["state"] == "queued")
      #expect(try await parts(work)["intervention_sheet"]?["document"]?["id"] == other["id"])
      #expect(try await server.get("\(document)/content", as: work.org.marc.token).body == file.body)
    }
  }

  @Test func `a renderer that fails for good says so, and may be asked again MIS-01`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let rendering = "/v1/dossiers/\(work.path)/mission-order/parts/intervention_sheet/rendering"
      let document = try await server.post(rendering, as: work.org.office.token).headers[.location] ?? ""
      for _ in 0..<10 {
        await self.work(server, renderer: PlainRenderer(isBroken: true))
        try await makeDue(work)
      }
      let failed = try await server.get(document, as: work.org.office.token)
      #expect(failed["state"] == "failed" && failed["failure"] == "OutOfPaper", "\(failed.text)")
      #expect(try await server.post(rendering, as: work.org.office.token)["state"] == "queued")
      await self.work(server, renderer: PlainRenderer(isBroken: false))
      #expect(try await server.get(document, as: work.org.office.token)["state"] == "rendered")
    }
  }

  @Test
  func
    `what was signed and paid on site becomes both documents, in the field return and in the mail MIS-22 MIS-23 MIS-27`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      try await server.patch(
        "/v1/dossiers/\(work.path)", as: work.org.office.token,
        ["price_mode": "manual", "price_incl_tax_cents": 250_00])
      try await server.patch(
        "/v1/contacts/\(work.owner.uuidString.lowercased())", as: work.org.office.token,
        ["email": "etcheverry@example.test"])
      try await finalise(work)
      let path = "/v1/dossiers/\(work.path)/field-return"
      let back = try await server.get(path, as: work.org.accountant.token)
      let documents = back["documents"].array ?? []
      #expect(
        documents.map { $0["part"]?.string } == ["commercial_order", "payment_receipt"], "\(back.text)")
      #expect(documents.allSatisfy { $0["available"] == true && $0["document"]?["state"] == "queued" })
      #expect(documents.map { $0["document"]?["is_signed"] } == [true, false])
      #expect(back["deliveries"].array?.allSatisfy { $0["state"] == "waiting" } == true)

      await self.work(server, renderer: PlainRenderer(isBroken: false))
      let rendered = try await server.get(path, as: work.org.accountant.token)
      #expect(rendered["documents"].array?.allSatisfy { $0["document"]?["state"] == "rendered" } == true)
      #expect(
        rendered["deliveries"].array?.allSatisfy { $0["state"] == "waiting" } == true, "nobody sends mail")
      let order = documents.first?["document"]?["id"]?.string ?? ""
      let signed = try await server.get("/v1/mission-documents/\(order)/content", as: work.org.admin.token)
      #expect(
        signed.text.hasPrefix("%PDF-commercial_order 1\n") && signed.text.contains("\"Anne Etcheverry\""))
      for person in [work.org.office, work.org.marc, work.org.sales] {
        let refused = try await server.get("/v1/mission-documents/\(order)/content", as: person.token)
        #expect(refused.status == 403, "IDN-11")
      }
      let data = try await server.get(
        "/v1/dossiers/\(work.path)/mission-order/parts/commercial_order", as: work.org.office.token)
      #expect(data["content"]["signatures"] == [], "IDN-11")

      let letterbox = Letterbox()
      try await makeDue(work)
      await self.work(server, mail: letterbox)
      await self.work(server, mail: letterbox)
      let mails = letterbox.mails.withLock { $0 }
      #expect(Set(mails.map(\.kind)) == [.receipt, .orderCopy] && mails.count == 2, "each once")
      #expect(mails.allSatisfy { $0.recipient == "etcheverry@example.test" && $0.dossierNumber == 1 })
      let receipt = try #require(mails.first { $0.kind == .receipt })
      #expect(receipt.fileName == "recu-1.pdf")
      #expect(String(decoding: receipt.file, as: UTF8.self).contains("\"total_cents\":25000"))
      let sent = try await server.get(path, as: work.org.accountant.token)["deliveries"].array ?? []
      #expect(sent.count == 2 && sent.allSatisfy { $0["state"] == "sent" && $0["sent_at"]?.string != nil })
    }
  }

  @Test func `what both parties signed stays as they signed it MIS-03 MIS-27`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let dossier = "/v1/dossiers/\(work.path)"
      let order = "\(dossier)/mission-order/parts/commercial_order"
      try await server.patch(
        dossier, as: work.org.office.token, ["price_mode": "manual", "price_incl_tax_cents": 300_00])
      try await finalise(work)
      let signed = try await parts(work)["commercial_order"]?["document"]?["id"]
      #expect(signed?.string != nil)
      for _ in 0..<10 {
        await self.work(server, renderer: PlainRenderer(isBroken: true))
        try await makeDue(work)
      }
      let repriced = try await server.patch(
        dossier, as: work.org.office.token, ["price_mode": "manual", "price_incl_tax_cents": 450_00])
      let renamed = try await server.patch(
        "/v1/contacts/\(work.owner.uuidString.lowercased())", as: work.org.office.token,
        ["last_name": "Harispe"])
      #expect(repriced["price_incl_tax_cents"] == 450_00 && renamed["last_name"] == "Harispe")
      let again = try await server.post("\(order)/rendering", as: work.org.office.token)
      #expect(again["id"] == signed && again["state"] == "queued", "failed, then asked again: \(again.text)")
      #expect(try await parts(work)["commercial_order"]?["document"]?["id"] == signed)
      let content = try await server.get(order, as: work.org.accountant.token)["content"]
      #expect(content["price"]?["price_incl_tax_cents"] == 300_00, "\(content)")
      #expect(content["owner"]?["name"] == "Etcheverry" && content["signatures"]?.array?.count == 2)
      let others = try await server.get(order, as: work.org.office.token)["content"]
      #expect(others["price"] == content["price"] && others["signatures"] == [], "IDN-11")
      await self.work(server, renderer: PlainRenderer(isBroken: false))
      let file = try await server.get(
        "/v1/mission-documents/\(signed?.string ?? "")/content", as: work.org.accountant.token)
      #expect(file.text.contains("30000") && !file.text.contains("45000"), "\(file.text)")
      let back = try await server.get("\(dossier)/field-return", as: work.org.accountant.token)
      #expect(back["documents"].array?.first?["document"]?["id"] == signed, "\(back.text)")
    }
  }

  @Test func `a rendering before the mission's end says nothing of who signed by then IDN-11`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let dossier = "/v1/dossiers/\(work.path)"
      let order = "\(dossier)/mission-order/parts/commercial_order"
      try await server.patch(
        dossier, as: work.org.office.token, ["price_mode": "manual", "price_incl_tax_cents": 300_00])
      let device = try await sign(work)
      let early = try await server.post("\(order)/rendering", as: work.org.sales.token)
      await self.work(server, renderer: PlainRenderer(isBroken: false))
      let file = try await server.get(
        "/v1/mission-documents/\(early["id"].string ?? "")/content", as: work.org.sales.token)
      #expect(file.text.hasPrefix("%PDF-commercial_order 0\n"), "no drawing: \(file.text)")
      #expect(!file.text.contains("Anne Etcheverry") && early["is_signed"] == false)
      try await end(work, device)
      let signed = try await parts(work)["commercial_order"]?["document"]
      #expect(signed?["is_signed"] == true && signed?["id"] != early["id"])
      let again = try await server.post("\(order)/rendering", as: work.org.sales.token)
      #expect(again["id"] == signed?["id"], "not the unsigned one")
    }
  }

  @Test func `a file that the storage has lost is made again when it is asked for MIS-01`() async throws {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let rendering = "/v1/dossiers/\(work.path)/mission-order/parts/intervention_sheet/rendering"
      let document = try await server.post(rendering, as: work.org.office.token).headers[.location] ?? ""
      await self.work(server, renderer: PlainRenderer(isBroken: false))
      let file = try await server.get("\(document)/content", as: work.org.office.token)
      let sha256 = try await server.asOwner(work.org.id) { transaction in
        try await transaction.value(
          [UInt8].self,
          """
          UPDATE system.blob b SET stored = false FROM mission_document f
          WHERE f.organization_id = \(work.org.id) AND b.organization_id = f.organization_id
            AND b.sha256 = f.file_sha256 RETURNING b.sha256
          """)
      }
      try await server.services.storage.delete(.blob(work.org.id, sha256: #require(sha256)))
      #expect(try await server.get("\(document)/content", as: work.org.office.token).status == 503)
      let again = try await server.post(rendering, as: work.org.office.token)
      #expect(again.headers[.location] == document)
      await self.work(server, renderer: PlainRenderer(isBroken: false))
      #expect(try await server.get("\(document)/content", as: work.org.office.token).body == file.body)
    }
  }

  /// As if the time of the next attempt had come.
  private func makeDue(_ work: FieldWork) async throws {
    try await work.server.asOwner(work.org.id) {
      _ = try await $0.execute(
        "UPDATE system.job SET run_at = now() WHERE organization_id = \(work.org.id)")
    }
  }

  /// Marc's device ends the mission: a payment in cash, both signatures, receipt and copy asked for.
  private func finalise(_ work: FieldWork) async throws { try await end(work, sign(work)) }

  /// All of it but the end.
  private func sign(_ work: FieldWork) async throws -> RawDevice {
    let (organization, dossier, marc) = (work.org.id, work.dossier, work.org.marc.id)
    try await work.server.asOwner(organization) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step,
          payer_present, payment_on_site)
        VALUES (\(organization), \(dossier), \(dossier), \(marc), '2026-12-01T08:00Z', 9, true, true)
        """)
    }
    let device = try await work.enrol(work.org.marc)
    try await device.pull()
    let id = JSONValue.string(work.path)
    func signature(_ signer: String, _ name: String) -> Mutation {
      device.mutation(
        .signature, work.server.services.clock.newID().uuidString, in: dossier, .create,
        set: [
          "dossier_id": id, "mission_order_id": id, "signer": .string(signer), "signer_name": .string(name),
          "signer_capacity": "owner", "signed_at": "2026-12-01T09:40:00Z",
          "image_base64": .string(FieldWork.png),
        ])
    }
    let answer = try await device.push([
      device.mutation(
        .payment, work.server.services.clock.newID().uuidString, in: dossier, .create,
        set: [
          "dossier_id": id, "payer_id": .string(work.owner.uuidString.lowercased()), "means": "cash",
          "amount_cents": 250_00, "received_on": "2026-12-01", "received_at": "2026-12-01T09:30:00Z",
        ]),
      device.mutation(
        .missionOrder, work.path, in: dossier, set: ["confirmed_step": 10, "payment_means": "cash"],
        was: ["confirmed_step": 9, "payment_means": .null]),
      signature("technician", "Marc"), signature("ordering_party", "Anne Etcheverry"),
    ])
    let statuses = answer["results"].array?.compactMap { $0["status"]?.string } ?? []
    #expect(statuses == Array(repeating: "applied", count: 4), "\(answer.text)")
    return device
  }

  private func end(_ work: FieldWork, _ device: RawDevice) async throws {
    let answer = try await device.push([
      device.mutation(
        .missionOrder, work.path, in: work.dossier,
        set: ["receipt_requested": true, "copy_requested": true, "finalised_at": "2026-12-01T09:45:00Z"],
        was: ["receipt_requested": false, "copy_requested": false, "finalised_at": .null])
    ])
    #expect(answer["results"].array?.map { $0["status"]?.string } == ["applied"], "\(answer.text)")
  }
}

extension FieldWork {
  /// The dossier's id as the wire has it.
  fileprivate var path: String { dossier.uuidString.lowercased() }
}
