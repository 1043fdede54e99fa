import ConstatCore
import ConstatSync
import Testing

@testable import ConstatDevice

@Suite struct MissionTests {
  @Test func `a mission reads as the office prepared it (MIS-02, MIS-31)`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let missions = try await device.missions()
    #expect(missions.map(\.id) == [bench.mission])
    let mission = try #require(missions.first)
    #expect(try await device.mission(bench.mission) == mission)

    #expect(mission.number == 1041)
    #expect(mission.status == .scheduled)
    #expect(mission.address.street == "12 rue des Lilas")
    #expect(mission.facts.builtYear == 1948)
    #expect(mission.facts.propertyType == .apartment)
    #expect(mission.owner?.displayName == "Anne Martin")
    #expect(mission.payer?.id == bench.owner)
    #expect(mission.people.map(\.displayName) == ["Agence du Port", "Anne Martin"])
    #expect(mission.diagnostics.map(\.label) == ["CREP"])
    #expect(mission.catalogue.map(\.code) == ["dpe", "crep", "amiante", "gaz"])
    #expect(mission.price.amount == Money(cents: 39_680))
    #expect(mission.appointment?.startsAt == Instant("2026-11-23T08:00:00Z"))
    #expect(mission.order == nil)
    #expect(mission.unconfirmedFields.isEmpty)
  }

  @Test func `what is typed without network shows at once and survives the app's end (MIS-06)`() async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    bench.network.isUp = false
    try await device.correctAddress(
      bench.mission, AddressCorrection(street: "14 rue des Lilas", complement: .set("bâtiment B")))
    try await device.correctAccess(bench.mission, AccessCorrection(floor: "3", comment: "digicode 12A"))
    try await device.correctContact(
      bench.mission, contact: bench.owner, ContactCorrection(phone: "0622222222"))
    let cellar = try await device.addOutbuilding(bench.mission, .cellar, lotNumber: "12")
    try await device.correctOutbuilding(bench.mission, cellar, lotNumber: "13")
    try await device.addDiagnostic(bench.mission, code: "gaz")
    try await device.setPreConclusion(
      bench.mission, diagnostic: bench.crep, "Pas de plomb", outcome: .absence)
    try await device.correctPrice(bench.mission, Money(cents: 42_000))
    try await device.correctFacts(bench.mission, FactsCorrection(builtYear: 1946, heated: true))

    for device in [device, try await bench.open(bench.crashImage())] {
      let mission = try #require(try await device.mission(bench.mission))
      #expect(mission.address.street == "14 rue des Lilas")
      #expect(mission.address.complement == "bâtiment B")
      #expect(mission.access.floor == "3")
      #expect(mission.owner?.phone == "0622222222")
      #expect(mission.owner?.unconfirmedFields == ["phone"])
      #expect(mission.outbuildings.map(\.lotNumber) == ["13"])
      #expect(Set(mission.diagnostics.map(\.code)) == ["crep", "gaz"])
      let crep = mission.diagnostics.first { $0.code == "crep" }
      #expect(crep?.preConclusion == "Pas de plomb")
      #expect(crep?.visitedOn == Day("2026-11-23"))
      #expect(mission.price.amount == Money(cents: 42_000))
      #expect(mission.price.mode == .manual)
      #expect(mission.facts.builtYear == 1946)
      #expect(mission.unconfirmedFields.contains("street"))
      #expect(try await device.unsentCount == 9)
      #expect(try await device.oldestUnsentAt == bench.clock.now)
    }

    bench.network.isUp = true
    let report = try await device.sync()
    #expect(report.count(.applied) == 9)
    #expect(try await device.shown() == bench.server.scope())
    #expect(try await device.mission(bench.mission)?.unconfirmedFields.isEmpty == true)
  }

  @Test func `a deletion tells what the row showed`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let garage = try await device.addOutbuilding(bench.mission, .garage, lotNumber: "7")
    try await device.sync()
    try await device.correctOutbuilding(bench.mission, garage, comment: "Porte basculante")
    try await device.removeOutbuilding(bench.mission, garage)
    let deletion = try JSONValue.parse(await device.exportJournal())["journal"]?.array?.last?["mutation"]
    #expect(deletion?["op"] == "delete" && deletion?["was"]?["lot_number"] == "7")
    #expect(deletion?["was"]?["comment"] == "Porte basculante" && deletion?["was"]?["kind"] == "garage")
    #expect(try await device.sync().results.map(\.status) == [.applied, .applied])
  }

  @Test func `a row that was added and removed offline never shows and leaves nothing`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    let garage = try await device.addOutbuilding(bench.mission, .garage)
    try await device.removeOutbuilding(bench.mission, garage)
    try await device.removeDiagnostic(bench.mission, bench.crep)
    #expect(try await device.mission(bench.mission)?.outbuildings == [])
    #expect(try await device.mission(bench.mission)?.diagnostics == [])

    try await device.sync()
    #expect(await bench.server.values(EntityKey(.outbuilding, garage)) == nil)
    #expect(await bench.server.values(EntityKey(.dossierDiagnostic, bench.crep)) == nil)
    #expect(try await device.shown() == bench.server.scope())
  }

  @Test func `a payer whom the office does not know comes with the dossier's link, or not at all (MIS-11)`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let id = try await device.choosePayer(
      bench.mission, new: ContactCorrection(lastName: "Petit", firstName: "Luc", mobile: "0633333333"))
    #expect(try await device.mission(bench.mission)?.payer?.displayName == "Luc Petit")
    try await device.sync()
    #expect(await bench.server.values(bench.dossier())?["payer_id"] == .string(id))
    #expect(try await device.mission(bench.mission)?.payer?.displayName == "Luc Petit")
    try await device.choosePayer(bench.mission, contact: bench.agency)
    #expect(try await device.mission(bench.mission)?.payer?.displayName == "Agence du Port")
  }

  @Test func `an edit that changes nothing is none`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    try await device.correctAddress(
      bench.mission, AddressCorrection(street: "12 rue des Lilas", complement: .clear))
    #expect(try await device.unsentCount == 0)
  }

  @Test func `what the server would refuse is refused while it can be corrected, and leaves no trace`()
    async throws
  {
    let bench = try Bench()
    let device = try await bench.device()
    let problem = await #expect(throws: FieldProblems.self) {
      try await device.correctAddress(bench.mission, AddressCorrection(postcode: "4400 Nantes!"))
    }
    #expect(problem?.problems.map(\.pointer) == ["/postcode"])
    await #expect(throws: FieldProblems.self) {
      try await device.choosePayer(bench.mission, new: ContactCorrection(firstName: "Luc"))
    }
    await #expect(throws: DeviceError.unknownDiagnostic("radon")) {
      try await device.addDiagnostic(bench.mission, code: "radon")
    }
    await #expect(throws: DeviceError.diagnosticPresent("crep")) {
      try await device.addDiagnostic(bench.mission, code: "crep")
    }
    await #expect(throws: DeviceError.missionNotHere(bench.other)) {
      try await device.correctAddress(bench.other, AddressCorrection(city: "Rezé"))
    }
    await #expect(throws: DeviceError.notFound("contact/" + bench.crep)) {
      try await device.choosePayer(bench.mission, contact: bench.crep)
    }
    try await bench.prepareMission(bench.other, number: 1042, street: "3 quai de la Fosse")
    await bench.server.assign(bench.other)
    try await device.sync()
    await #expect(throws: DeviceError.notFound("dossier_diagnostic/" + bench.crep)) {
      try await device.setPreConclusion(bench.other, diagnostic: bench.crep, "Pas de plomb")
    }
    #expect(try await device.unsentCount == 0)
    #expect(try await device.mission(bench.mission)?.payer?.id == bench.owner)
  }

  @Test func `an observer sees each edit and each sync`() async throws {
    let bench = try Bench()
    let device = try await bench.device()
    var missions = device.observeMission(bench.mission).makeAsyncIterator()
    #expect(try await missions.next()??.address.city == "Nantes")
    try await device.correctAddress(bench.mission, AddressCorrection(city: "Rezé"))
    #expect(try await missions.next()??.address.city == "Rezé")
    await bench.server.office(bench.dossier(), ["floor": "5"])
    try await device.sync()
    var floor: String?
    while floor == nil { floor = try await missions.next()??.access.floor }
    #expect(floor == "5")
    await bench.server.withdraw(bench.mission)
    try await device.sync()
    while let mission = try await missions.next(), mission != nil {}
    #expect(try await device.missions().isEmpty)
  }
}
