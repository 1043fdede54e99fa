import ConstatCore
import ConstatSync
import Testing

@testable import ConstatDevice

@Suite struct MissionWalkTests {
  private let here = Position(latitude: 47.2184, longitude: -1.5536)
  private let technician = DrawnSignature(name: "Marc Lebrun", image: Bench.png)
  private let ordering = DrawnSignature(name: "Anne Martin", image: Bench.png + [4])

  private func toPayerPresence(_ device: FieldDevice, _ mission: String) async throws -> PayerPresenceStep {
    try await device.startMission(mission, at: here).confirm().confirm().confirm().confirm().confirm()
      .confirm().confirm()
  }

  @Test func `the whole walk offline, with corrections, a cheque and two signatures (MIS-07..25)`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    bench.network.isUp = false
    let address = try await device.startMission(bench.mission, at: here)
    try await address.correct(AddressCorrection(street: "14 rue des Lilas"))
    let complement = try await address.confirm()
    try await complement.correct(AccessCorrection(door: "12"))
    let owner = try await complement.confirm()
    try await owner.correct(ContactCorrection(phone: "0622222222"))
    let outbuildings = try await owner.confirm().confirm()
    try await outbuildings.add(.cellar, lotNumber: "12")
    let diagnostics = try await outbuildings.confirm()
    try await diagnostics.add("gaz")
    let price = try await diagnostics.confirm()
    try await price.correct(Money(cents: 42_000))
    let payment = try await price.confirm().payerIsPresent().paysNow()
    bench.clock.now = bench.clock.now.adding(minutes: 50)
    let end = try await payment.take(
      .cheque(Money(cents: 42_000), number: "0001234", bank: "Crédit Agricole", issuer: "A. Martin"))
    try await end.setPreConclusion(diagnostic: bench.crep, "Pas de plomb", outcome: .absence)
    try await end.write(note: "clé rendue à la gardienne")
    let finalised = try await end.finalise(
      technician: technician, orderingParty: ordering, at: here, receipt: true, copy: true, marksVisited: true
    )
    #expect(try await finalised.order()?.isFinalised == true)

    bench.network.isUp = true
    let report = try await device.sync()
    #expect(report.results.allSatisfy { $0.status == .applied })
    let order = try #require(await bench.server.values(EntityKey(.missionOrder, bench.mission)))
    #expect(order["confirmed_step"] == 10)
    #expect(order["payment_means"] == "cheque")
    #expect(order["started_at"] == "2026-11-23T08:30:00Z")
    #expect(order["ended_at"] == "2026-11-23T09:20:00Z")
    #expect(order["ended_latitude"] == 47.2184)
    #expect(order["receipt_requested"] == true && order["copy_requested"] == true)
    #expect(await bench.server.values(bench.dossier())?["status"] == "visited")
    #expect(await bench.server.values(EntityKey(.appointment, bench.appointment))?["status"] == "done")

    let mission = try #require(try await device.mission(bench.mission))
    #expect(mission.payments.map(\.amount) == [Money(cents: 42_000)])
    #expect(mission.payments.first?.payer(in: mission) == "Anne Martin")
    #expect(mission.payments.first?.receivedOn == Day("2026-11-23"))
    #expect(Set(mission.order?.signatures.map(\.name) ?? []) == ["Marc Lebrun", "Anne Martin"])
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `no payer on site ends the mission without payment (AMB-08)`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let end = try await toPayerPresence(device, bench.mission).payerIsAbsent()
    await #expect(throws: MissionOrderError.receiptWithoutPayment) {
      try await end.finalise(
        technician: technician, orderingParty: ordering, at: nil, receipt: true, marksVisited: false)
    }
    #expect(try await device.mission(bench.mission)?.order?.isFinalised == false)
    #expect(try await device.mission(bench.mission)?.order?.signatures == [])
    _ = try await end.finalise(technician: technician, orderingParty: ordering, at: nil, marksVisited: false)

    let report = try await device.sync()
    #expect(report.results.allSatisfy { $0.status == .applied })
    let order = try #require(await bench.server.values(EntityKey(.missionOrder, bench.mission)))
    #expect(order["confirmed_step"] == 8 && order["payer_present"] == false)
    #expect(await bench.server.values(bench.dossier())?["status"] == "scheduled")
    #expect(try await device.mission(bench.mission)?.payments == [])
  }

  @Test func `no payment on site ends the mission, and the answer can be taken back (AMB-08)`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let end = try await toPayerPresence(device, bench.mission).payerIsPresent().doesNotPayNow()
    guard case .onSitePayment(let question) = try await end.reconsider() else {
      return #expect(Bool(false), "step 9 is asked again")
    }
    let paid = try await question.paysNow().take(.cash(Money(cents: 39_680)))
    await #expect(throws: MissionOrderError.paymentTaken) { try await paid.reconsider() }

    let report = try await device.sync()
    #expect(report.results.allSatisfy { $0.status == .applied })
    #expect(await bench.server.values(EntityKey(.missionOrder, bench.mission))?["payment_means"] == "cash")
  }

  @Test func `a payer who leaves takes back what was answered at 9`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let presence = try await toPayerPresence(device, bench.mission)
    let question = try await presence.payerIsPresent()
    _ = try await question.paysNow()
    let end = try await question.payerIsAbsent()
    guard case .payerPresence = try await end.reconsider() else {
      return #expect(Bool(false), "step 8 is asked again")
    }
    let report = try await device.sync()
    #expect(report.results.allSatisfy { $0.status == .applied })
    let order = await bench.server.values(EntityKey(.missionOrder, bench.mission))
    #expect(order?["confirmed_step"] == 8 && order?["payment_on_site"] == .null)
  }

  @Test func `money is taken once, and its step comes with it or not at all`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let step = try await toPayerPresence(device, bench.mission).payerIsPresent().paysNow()
    await #expect(throws: PaymentError.cashLimit(limit: CashLimit.residents, alreadyPaid: .zero)) {
      try await step.take(.cash(Money(cents: 100_001)))
    }
    await #expect(throws: PaymentError.amountNotPositive) { try await step.take(.card(.zero)) }
    #expect(try await device.mission(bench.mission)?.payments == [])
    _ = try await step.take(.card(Money(cents: 39_680), reference: "T-77"))
    await #expect(throws: MissionOrderError.paymentTaken) { try await step.take(.card(Money(cents: 39_680))) }
    await #expect(throws: MissionOrderError.paymentTaken) { try await step.doesNotPayNow() }

    try await device.sync()
    let payments = await bench.server.state.rows.values.filter { $0.key.type == .payment }
    #expect(payments.count == 1)
    let groups = try JSONValue.parse(await device.exportJournal())["journal"]?.array ?? []
    let payment = groups.first { $0["mutation"]?["type"] == "payment" }
    #expect(payment?["mutation"]?["group"]?["n"] == 2)
  }

  @Test func `a walk is taken up where it was after the app's end`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    #expect(try await device.walk(bench.mission) == nil)
    _ = try await device.startMission(bench.mission, at: here).confirm().confirm()
    let reopened = try await bench.open(bench.crashImage())
    guard case .owner(let step) = try await reopened.walk(bench.mission) else {
      return #expect(Bool(false), "step 3 comes next")
    }
    _ = try await step.confirm()
    guard case .payer = try await reopened.walk(bench.mission) else {
      return #expect(Bool(false), "step 4 comes next")
    }
    await #expect(throws: DeviceError.orderAlreadyStarted) {
      try await reopened.startMission(bench.mission, at: here)
    }
  }

  @Test func `a step passed before may be confirmed again, and one skipped may not`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let first = try await device.startMission(bench.mission, at: nil)
    _ = try await first.confirm().confirm()
    let before = try await device.unsentCount
    _ = try await first.confirm()
    #expect(try await device.unsentCount == before)
    let walk = Walk(device: device, mission: bench.mission)
    await #expect(throws: MissionOrderError.stepSkipped(expected: .owner, given: .outbuildings)) {
      try await walk.confirm(.outbuildings)
    }
  }

  @Test func `nothing of a finalised order changes, and a signature must be a picture`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let end = try await toPayerPresence(device, bench.mission).payerIsAbsent()
    await #expect(throws: DeviceError.unusableSignature) {
      try await end.finalise(
        technician: DrawnSignature(name: "Marc", image: [1, 2, 3]), orderingParty: ordering, at: nil,
        marksVisited: false)
    }
    _ = try await end.finalise(technician: technician, orderingParty: ordering, at: nil, marksVisited: false)
    await #expect(throws: MissionOrderError.alreadyFinalised) { try await end.reconsider() }
    await #expect(throws: MissionOrderError.alreadyFinalised) {
      try await end.finalise(technician: technician, orderingParty: ordering, at: nil, marksVisited: false)
    }
    guard case .finalised = try await device.walk(bench.mission) else {
      return #expect(Bool(false), "the order is finalised")
    }
  }
}

extension MissionPayment {
  /// The payer's name, as far as the mission knows it.
  fileprivate func payer(in mission: Mission) -> String? {
    payerID.flatMap { id in mission.people.first { $0.id == id } }?.displayName
  }
}
