import ConstatCore
import Testing

@Suite struct DiagnosticValidityTests {
  private func until(
    _ code: String, _ visit: String, _ transaction: TransactionType? = .sale,
    _ outcome: DiagnosticOutcome? = nil
  ) -> DiagnosticValidity {
    DiagnosticValidity.evaluate(
      code: code, transaction: transaction, outcome: outcome, visitedOn: Day(visit))
  }

  private func day(_ text: String) -> DiagnosticValidity { .until(Day(text)!) }

  @Test func `a DPE of May 2021 expired with its method (domain case 25)`() {
    #expect(until("dpe", "2021-05-15") == day("2024-12-31"))
    #expect(until("dpe", "2015-05-15") == day("2022-12-31"))
    #expect(until("dpe", "2021-07-01") == day("2031-07-01"))
    #expect(until("dpe", "2010-03-01") == day("2020-03-01"))
  }

  @Test func `lead without presence never expires; with it one year to sell, six to let (DIA-04)`() {
    #expect(until("lead", "2026-01-31", .sale, .absence) == .unlimited)
    #expect(until("lead", "2026-01-31", .sale, .presence) == day("2027-01-31"))
    #expect(until("lead", "2026-01-31", .rental, .presence) == day("2032-01-31"))
    #expect(until("lead", "2026-01-31", .sale, nil) == .unknown(.outcome))
    #expect(until("lead", "2026-01-31", nil, .presence) == .unknown(.transaction))
    #expect(until("lead", "2026-01-31", .sale, nil).day == nil)
  }

  @Test func `asbestos: absence without limit, presence three years, before 2013 to be redone (DIA-04)`() {
    #expect(until("asbestos", "2026-06-01", .sale, .absence) == .unlimited)
    #expect(until("asbestos", "2026-06-01", .sale, .presence) == day("2029-06-01"))
    #expect(until("asbestos", "2026-06-01", .sale, nil) == .unknown(.outcome))
    #expect(until("asbestos", "2012-06-01", .rental, .absence) == day("2012-12-31"))
    #expect(until("asbestos", "2013-03-01", .sale, .absence) == day("2013-03-31"))
    #expect(until("asbestos", "2013-03-01", .rental, .absence) == .unlimited)
  }

  @Test func `a risk report of 31 August ends on 28 February (domain case 25)`() {
    #expect(until("risk_report", "2026-08-31") == day("2027-02-28"))
    #expect(until("risk_report", "2027-08-31") == day("2028-02-29"))
    #expect(until("termites", "2026-08-30") == day("2027-02-28"))
  }

  @Test func `gas and electricity hold three years to sell and six to let`() {
    for code in ["gas", "electricity"] {
      #expect(until(code, "2026-02-28", .sale) == day("2029-02-28"))
      #expect(until(code, "2026-02-28", .rental) == day("2032-02-28"))
      #expect(until(code, "2026-02-28", .management) == day("2032-02-28"))
      #expect(until(code, "2026-02-28", nil) == .unknown(.transaction))
    }
  }

  @Test func `what no rule fixes is said to be unknown, not unlimited`() {
    #expect(until("sewer", "2026-01-01") == .unknown(.rule))
    #expect(until("house_special", "2026-01-01") == .unknown(.rule))
    #expect(until("dpe", "2026-01-01", .sale, .notApplicable) == .unknown(.notApplicable))
    #expect(
      DiagnosticValidity.evaluate(code: "dpe", transaction: .sale, outcome: nil, visitedOn: nil)
        == .unknown(.visit))
  }

  @Test func `every diagnostic of the catalogue but the commune's has a rule for every visit`() {
    for code in DiagnosticCode.allCases where code != .sewer && code != .collectiveDPE {
      for visit in ["2005-01-01", "2013-01-01", "2018-01-01", "2021-07-01", "2026-11-21"] {
        for outcome in [DiagnosticOutcome.absence, .presence] {
          let validity = until(code.rawValue, visit, .sale, outcome)
          if case .unknown = validity { Issue.record("\(code) visited \(visit): \(validity)") }
        }
      }
    }
  }
}
