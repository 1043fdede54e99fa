import ConstatCore
import Testing

@Suite struct DiagnosticSuggestionTests {
  private let today = Day(year: 2026, month: 11, day: 21)!

  private var oldFlatForSale: DossierFacts {
    var facts = DossierFacts(nature: .saleRentalManagement)
    facts.transactionType = .sale
    facts.propertyType = .apartment
    facts.builtYear = 1930
    facts.permitYear = 1929
    facts.coOwnership = true
    facts.termiteZone = false
    facts.noiseZone = false
    facts.publicSewer = true
    facts.gasInstallationOver15Years = true
    facts.electricalInstallationOver15Years = true
    facts.heated = true
    return facts
  }

  private func codes(_ facts: DossierFacts, on day: Day? = nil) -> [String] {
    DiagnosticSuggestion.suggest(facts, on: day ?? today).map(\.code.rawValue)
  }

  @Test func `a flat of 1930 for sale gets its whole file, pre-checked (DOS-38)`() {
    #expect(
      codes(oldFlatForSale) == ["dpe", "lead", "asbestos", "gas", "electricity", "risk_report", "carrez"])
  }

  @Test func `to let it, the file has no asbestos, no termites and no Carrez, but the living area`() {
    var facts = oldFlatForSale
    facts.transactionType = .rental
    facts.termiteZone = true
    facts.publicSewer = false
    #expect(codes(facts) == ["dpe", "lead", "gas", "electricity", "risk_report", "boutin"])
  }

  @Test func `lead stops at 1949 and asbestos at July 1997`() {
    var facts = oldFlatForSale
    facts.builtYear = 1949
    facts.permitYear = 1948
    #expect(!codes(facts).contains("lead"))
    facts.builtYear = 1948
    #expect(codes(facts).contains("lead"))
    facts.permitYear = 1997
    #expect(codes(facts).contains("asbestos"))
    facts.permitYear = 1998
    #expect(!codes(facts).contains("asbestos"))
  }

  @Test func `without the permit's year that of construction decides where it can`() {
    var facts = oldFlatForSale
    facts.permitYear = nil
    facts.builtYear = 1996
    #expect(codes(facts).contains("asbestos"))
    facts.builtYear = 1999
    #expect(!codes(facts).contains("asbestos"))
    let open = DiagnosticSuggestion.unclear(facts, on: today).first { $0.code == .asbestos }
    #expect(open?.missingFacts == ["permit_year"])
    facts.builtYear = 2005
    #expect(DiagnosticSuggestion.unclear(facts, on: today).allSatisfy { $0.code != .asbestos })
  }

  @Test func `commercial premises need neither lead, gas nor electricity reports`() {
    var facts = oldFlatForSale
    facts.propertyType = .commercial
    #expect(codes(facts) == ["dpe", "asbestos", "risk_report", "carrez"])
  }

  @Test func `the energy audit follows the calendar of classes (CCH L126-28-1)`() {
    var facts = oldFlatForSale
    facts.propertyType = .house
    facts.coOwnership = false
    facts.energyClass = "E"
    #expect(!codes(facts, on: Day(year: 2024, month: 12, day: 31)!).contains("energy_audit"))
    #expect(codes(facts, on: Day(year: 2025, month: 1, day: 1)!).contains("energy_audit"))
    facts.energyClass = "D"
    #expect(!codes(facts, on: Day(year: 2033, month: 12, day: 31)!).contains("energy_audit"))
    #expect(codes(facts, on: Day(year: 2034, month: 1, day: 1)!).contains("energy_audit"))
    facts.energyClass = "G"
    #expect(!codes(facts, on: Day(year: 2023, month: 3, day: 31)!).contains("energy_audit"))
    #expect(codes(facts, on: Day(year: 2023, month: 4, day: 1)!).contains("energy_audit"))
    facts.coOwnership = true
    #expect(!codes(facts).contains("energy_audit"))
  }

  @Test func `electricity to let is asked since 2018 only`() {
    var facts = oldFlatForSale
    facts.transactionType = .rental
    #expect(!codes(facts, on: Day(year: 2017, month: 12, day: 31)!).contains("electricity"))
    #expect(codes(facts, on: Day(year: 2018, month: 1, day: 1)!).contains("electricity"))
  }

  @Test func `an unheated building has no DPE, an unknown heating has one`() {
    var facts = oldFlatForSale
    facts.heated = false
    #expect(!codes(facts).contains("dpe"))
    facts.heated = nil
    #expect(codes(facts).contains("dpe"))
  }

  @Test func `works and demolition look for asbestos and lead before the tools come`() {
    var facts = DossierFacts(nature: .worksDemolition)
    facts.builtYear = 1930
    #expect(codes(facts) == ["lead_works", "asbestos_works"])
  }

  @Test func `of a building in co-ownership the collective DPE is asked since 2026`() {
    var facts = DossierFacts(nature: .building)
    facts.builtYear = 1975
    facts.permitYear = 1973
    facts.coOwnership = true
    #expect(codes(facts) == ["dpe_collective", "asbestos_dta"])
    #expect(codes(facts, on: Day(year: 2025, month: 12, day: 31)!) == ["asbestos_dta"])
  }

  @Test func `facts that nobody knows are asked for, never guessed`() {
    var facts = DossierFacts(nature: .saleRentalManagement)
    #expect(codes(facts).isEmpty)
    facts.transactionType = .sale
    #expect(codes(facts) == ["risk_report"])
    let unclear = DiagnosticSuggestion.unclear(facts, on: today)
    #expect(unclear.first { $0.code == .termites }?.missingFacts == ["termite_zone"])
    #expect(unclear.first { $0.code == .lead }?.missingFacts == ["property_type", "built_year"])
  }

  @Test func `knowing one more fact never takes back what was certain, except by a no`() {
    var facts = DossierFacts(nature: .saleRentalManagement)
    facts.transactionType = .sale
    let certain = Set(codes(facts))
    for property in PropertyType.allCases {
      facts.propertyType = property
      #expect(certain.isSubset(of: codes(facts)))
    }
  }

  @Test func `every suggestion cites its law, and the catalogue knows every code`() {
    #expect(DiagnosticRule.french.allSatisfy { !$0.legalBasis.isEmpty && !$0.reason.isEmpty })
    #expect(DiagnosticCatalogueEntry.defaults.map(\.code) == DiagnosticCode.allCases)
    #expect(
      DiagnosticCatalogueEntry.defaults.filter(\.requiresLeadAnalyser).map(\.code) == [.lead, .leadWorks])
  }
}
