import ConstatCore
import ConstatServer
import ConstatSync
import Foundation
import Logging
import Postgres
import Support
import Testing

@Suite struct DeliveryTests {
  @Test func `what is asked for by mail on site is noted once, and waits for an address MIS-22 MIS-23`()
    async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (organization, dossier, marc) = (work.org.id, work.dossier, work.org.marc.id)
      try await server.asOwner(organization) { transaction in
        _ = try await transaction.execute(
          """
          INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step,
            payer_present, payment_on_site, payment_means, receipt_requested, finalised_at)
          VALUES (\(organization), \(dossier), \(dossier), \(marc), '2026-12-01T08:00Z', 10, true, true, 'cash', true,
            '2026-12-01T10:00Z')
          """)
      }
      let device = try await work.enrol(work.org.marc)
      try await device.pull()
      let id = dossier.uuidString
      for value in [true, false] {
        let answer = try await device.push([
          device.mutation(
            .missionOrder, id, in: dossier, set: ["copy_requested": .bool(value)],
            was: ["copy_requested": .bool(!value)])
        ])
        #expect(answer["results"].array?.first?["status"] == "applied", "\(answer.text)")
      }
      let path = "/v1/dossiers/\(id.lowercased())/field-return"
      let owed = try await server.get(path, as: work.org.accountant.token)["deliveries"].array ?? []
      #expect(owed.compactMap { $0["kind"]?.string } == ["order_copy", "receipt"])
      #expect(owed.allSatisfy { $0["state"] == "no_address" && $0["email"]?.isNull == true })
      try await server.patch(
        "/v1/contacts/\(work.owner.uuidString.lowercased())", as: work.org.office.token,
        ["email": "etcheverry@example.test"])
      let worker = JobWorker(
        services: server.services, jobs: JobKinds.all(with: server.services),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      while await worker.runOnce() > 0 {}
      let addressed = try await server.get(path, as: work.org.accountant.token)["deliveries"].array ?? []
      #expect(addressed.allSatisfy { $0["state"] == "waiting" && $0["email"] == "etcheverry@example.test" })
    }
  }

  @Test func `deliveries whose paper is never to be had do not keep others from theirs MIS-23`() async throws
  {
    try await TestServer.run { server in
      let work = try await FieldWork.planned(server)
      let (organization, dossier) = (work.org.id, work.dossier)
      try await server.asOwner(organization) { transaction in
        _ = try await transaction.pipeline([
          """
          INSERT INTO dossier (organization_id, id, number, nature, created_by)
          SELECT \(organization), ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 100 + n, 'other', 'test'
          FROM generate_series(1, 220) AS n
          """,
          """
          UPDATE dossier SET price_mode = 'manual', gross_incl_tax_cents = 12000, price_incl_tax_cents = 12000,
            vat_rate = 2000 WHERE organization_id = \(organization) AND id = \(dossier)
          """,
          """
          INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step,
            payer_present, copy_requested, finalised_at)
          VALUES (\(organization), \(dossier), \(dossier), \(work.org.marc.id), '2026-12-01T08:00Z', 8, false, true,
            '2026-12-01T10:00Z')
          """,
          """
          INSERT INTO mission_delivery (organization_id, id, dossier_id, kind, state)
          SELECT \(organization), gen_random_uuid(), d.id, 'order_copy', 'no_address' FROM dossier d
          WHERE d.organization_id = \(organization)
          """,
        ])
      }
      let worker = JobWorker(
        services: server.services, jobs: JobKinds.all(with: server.services),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      while await worker.runOnce() > 0 {}
      let documented = try await server.asOwner(organization) { transaction in
        try await transaction.query("SELECT dossier_id FROM mission_delivery WHERE document_id IS NOT NULL")
          .map { try $0.get("dossier_id", as: UUID.self) }
      }
      #expect(documented == [dossier])
    }
  }

  @Test(arguments: [(false, true, 0), (true, false, 0), (true, true, 1)])
  func `a receipt is owed only for money that was taken, and only at the end`(
    isFinal: Bool, isPaid: Bool, receipts: Int
  ) {
    let order = MissionOrder(
      confirmedStep: 10, payerPresent: true, paymentOnSite: isPaid, paymentMeans: isPaid ? .cash : nil,
      receiptRequested: true, finalisedAt: isFinal ? Instant("2026-12-01T10:00:00Z") : nil)
    #expect(MissionDelivery.due(order, copyRequested: false).count == receipts)
    #expect(MissionDelivery.due(order, copyRequested: true).contains(.orderCopy) == isFinal)
  }
}
