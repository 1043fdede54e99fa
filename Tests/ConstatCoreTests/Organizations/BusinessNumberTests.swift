import ConstatCore
import Testing

@Suite struct BusinessNumberTests {
  @Test func `a SIREN has a Luhn key`() {
    #expect(BusinessNumber.fault(siren: "732829320") == nil)
    #expect(BusinessNumber.fault(siren: "732829321") == .checkDigits)
    #expect(BusinessNumber.fault(siren: "73282932") == .malformed)
    #expect(BusinessNumber.fault(siren: "73282932O") == .malformed)
  }

  @Test func `the establishments of La Poste sum to a multiple of five instead`() {
    #expect(BusinessNumber.fault(siret: "35600000049837") == nil)
    #expect(BusinessNumber.fault(siret: "35600000049838") == .checkDigits)
    #expect(BusinessNumber.fault(siret: "73282932000074") == nil)
    #expect(BusinessNumber.fault(siret: "73282932000075") == .checkDigits)
  }

  @Test func `the VAT key of 732829320 is 44`() {
    #expect(BusinessNumber.vatNumber(siren: "732829320") == "FR44732829320")
    #expect(BusinessNumber.fault(vatNumber: "FR44732829320") == nil)
    #expect(BusinessNumber.fault(vatNumber: "FR45732829320") == .checkDigits)
    #expect(BusinessNumber.fault(vatNumber: "FR44732829321") == .checkDigits)
    #expect(BusinessNumber.fault(vatNumber: "FR4473282932") == .malformed)
    #expect(BusinessNumber.fault(vatNumber: "BE0123456789") == nil)
    #expect(BusinessNumber.fault(vatNumber: "fr44732829320") == .malformed)
  }

  @Test func `an IBAN leaves 1 modulo 97, and a single wrong character never does`() {
    let valid = ["FR1420041010050500013M02606", "FR7630006000011234567890189"]
    for iban in valid {
      #expect(BusinessNumber.fault(iban: iban) == nil)
      for place in iban.indices
      where iban[place].isNumber && iban.distance(from: iban.startIndex, to: place) > 1 {
        var wrong = iban
        wrong.replaceSubrange(place...place, with: iban[place] == "9" ? "0" : "9")
        #expect(BusinessNumber.fault(iban: wrong) == .checkDigits, "\(wrong)")
      }
    }
    #expect(BusinessNumber.fault(iban: "FR76 3000 6000 0112 3456 7890 189") == .malformed)
    #expect(BusinessNumber.fault(iban: "DE89370400440532013000") == nil)
  }

  @Test func `a BIC has eight or eleven characters`() {
    #expect(BusinessNumber.fault(bic: "AGRIFRPP") == nil)
    #expect(BusinessNumber.fault(bic: "AGRIFRPP882") == nil)
    #expect(BusinessNumber.fault(bic: "AGRIFRP") == .malformed)
  }
}
