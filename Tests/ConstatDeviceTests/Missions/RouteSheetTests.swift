import ConstatCore
import ConstatSync
import Testing

@testable import ConstatDevice

/// What the company lets its technicians do and see, and the technician's day.
@Suite struct RouteSheetTests {
  private let organization = EntityKey(.organization, "00000000-0000-7000-8000-0000000000f0")

  private func set(_ bench: Bench, onlineCard: Bool, withheld: [String] = []) async {
    await bench.server.office(
      organization,
      [
        "name": "Cabinet basque", "online_card_payments": .bool(onlineCard),
        "withheld_information": .array(withheld.map { .string($0) }),
      ])
  }

  private func payment(_ device: FieldDevice, _ mission: String) async throws -> PaymentStep {
    let price = try await device.startMission(mission, at: nil).confirm().confirm().confirm().confirm()
      .confirm().confirm()
    return try await price.confirm().payerIsPresent().paysNow()
  }

  @Test func `step 10 offers a card through the provider only where the company opted for it (MIS-18)`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    #expect(try await device.settings() == FieldSettings([:]))
    let step = try await payment(device, bench.mission)
    #expect(try await step.offeredMeans() == [.cash, .cheque, .card])
    let card = OnSitePayment.onlineCard(Money(cents: 39_680), reference: "pay_77")
    await #expect(throws: MissionOrderError.meansNotOffered(.onlineCard)) { try await step.take(card) }
    #expect(try await device.mission(bench.mission)?.payments == [])

    await set(bench, onlineCard: true)
    try await device.sync()
    #expect(try await step.offeredMeans().contains(.onlineCard))
    _ = try await step.take(card)
    #expect(try await device.mission(bench.mission)?.payments.map(\.means) == [.onlineCard])
    // The company opts out before the device is heard: what was taken was taken.
    await set(bench, onlineCard: false)
    let report = try await device.sync()
    #expect(report.results.allSatisfy { $0.status == .applied })
    #expect(try await device.settings().acceptsOnlineCard == false)
  }

  @Test
  func `the technician's day has his visits by time, each with what is to be had of it (MIS-31, MIS-01)`()
    async throws
  {
    let bench = try Bench()
    await set(bench, onlineCard: false)
    let device = try await bench.device()
    await bench.server.office(
      EntityKey(.appointment, "00000000-0000-7000-8000-0000000000b2"),
      [
        "dossier_id": .string(bench.mission), "kind": "mission",
        "technician_id": "00000000-0000-7000-8000-0000000000ff", "starts_at": "2026-11-23T06:00:00Z",
        "ends_at": "2026-11-23T07:00:00Z", "time_zone": "Europe/Paris", "status": "planned",
      ])
    await bench.server.office(
      EntityKey(.appointment, "00000000-0000-7000-8000-0000000000b3"),
      [
        "dossier_id": .string(bench.mission), "kind": "mission",
        "technician_id": .string(bench.server.technician),
        "starts_at": "2026-11-23T23:30:00Z", "ends_at": "2026-11-24T00:30:00Z", "time_zone": "Europe/Paris",
        "status": "planned",
      ])
    try await device.sync()
    bench.network.isUp = false
    let today = try await device.routeSheet()
    #expect(today.map(\.id) == [bench.appointment], "not a colleague's, not tomorrow's in Paris")
    #expect(today.first?.mission.number == 1041)
    #expect(today.first?.parts == [.interventionSheet, .commercialOrder])
    #expect(today.first?.mission.obstacles(to: .paymentReceipt) == [.noPaymentOnSite])
    #expect(try await device.routeSheet(on: Day("2026-11-24")).count == 1)
    #expect(try await device.routeSheet(on: Day("2026-11-25")).isEmpty)
  }

  @Test func `a value that the company withholds is told from one that is not there (ORG-18)`() async throws {
    let bench = try Bench()
    await set(bench, onlineCard: false, withheld: ["prices", "a_group_of_a_later_release"])
    let device = try await bench.device()
    await bench.server.office(bench.dossier(), ["price_incl_tax_cents": .null, "price_mode": .null])
    try await device.sync()
    let mission = try #require(try await device.mission(bench.mission))
    #expect(mission.price.amount == nil && mission.settings.withheld == [.prices])
    #expect(mission.availableParts.contains(.commercialOrder), "the office has a price")
    #expect(mission.settings.companyName == "Cabinet basque")
    await bench.server.office(bench.dossier(), ["quote_signed_on": "2026-11-20"])
    try await device.sync()
    let accepted = try #require(try await device.mission(bench.mission))
    #expect(accepted.obstacles(to: .commercialOrder) == [.quoteSigned])
    try await device.recordAdemeForm(bench.mission)
    try await device.sync()
    #expect(await bench.server.values(bench.dossier())?["ademe_form_signed_on"] == "2026-11-23")
  }
}
