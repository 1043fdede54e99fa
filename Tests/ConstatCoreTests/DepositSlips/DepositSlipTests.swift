import ConstatCore
import Testing

@Suite struct DepositSlipTests {
  private let open = DepositSlip(id: "s1", companyID: "c1", means: .cheque, status: .open)
  private let closed = DepositSlip(id: "s1", companyID: "c1", means: .cheque, status: .closed)

  private func item(
    status: Instalment.Status = .received, means: Set<PaymentMeans> = [.cheque], company: String = "c1",
    slip: String? = nil, cents: Int64 = 12000
  ) -> DepositSlip.Item {
    DepositSlip.Item(
      instalmentID: "i1", companyID: company, status: status, means: means, amount: Money(cents: cents),
      slipID: slip)
  }

  @Test func `an instalment must be received before it joins a slip (DEP-05, DEP-06)`() throws {
    try open.checkAdding(item())
    try open.checkAdding(item(status: .depositInProgress))
    #expect(throws: DepositSlipError.notReceived(.pending)) { try open.checkAdding(item(status: .pending)) }
    #expect(throws: DepositSlipError.notReceived(.cashed)) { try open.checkAdding(item(status: .cashed)) }
  }

  @Test func `one slip holds one means of one company, and an instalment is on one slip (AMB-42)`() {
    #expect(throws: DepositSlipError.otherMeans(slip: .cheque, item: [.cash])) {
      try open.checkAdding(item(means: [.cash]))
    }
    #expect(throws: DepositSlipError.otherMeans(slip: .cheque, item: [.cash, .cheque])) {
      try open.checkAdding(item(means: [.cash, .cheque]))
    }
    #expect(throws: DepositSlipError.otherCompany) { try open.checkAdding(item(company: "c2")) }
    #expect(throws: DepositSlipError.alreadyOnSlip("s2")) { try open.checkAdding(item(slip: "s2")) }
  }

  @Test func `a closed slip takes and gives nothing (DEP-09, domain case 9)`()
    throws
  {
    #expect(throws: DepositSlipError.closed) { try closed.checkAdding(item()) }
    #expect(throws: DepositSlipError.closed) { try closed.checkRemoving(item(slip: "s1")) }
    #expect(throws: DepositSlipError.closed) { _ = try closed.total(closing: [item(slip: "s1")]) }
  }

  @Test func `an error is taken off while the slip is open (DEP-08)`() throws {
    try open.checkRemoving(item(slip: "s1"))
    #expect(throws: DepositSlipError.notOnSlip) { try open.checkRemoving(item(slip: nil)) }
  }

  @Test func `closing gives the total and not of nothing (domain case 9)`() throws {
    let items = [item(slip: "s1"), item(slip: "s1", cents: 345)]
    #expect(try open.total(closing: items) == Money(cents: 12345))
    #expect(throws: DepositSlipError.empty) { _ = try open.total(closing: []) }
    #expect(throws: DepositSlipError.notOnSlip) { _ = try open.total(closing: [item(slip: "s2")]) }
  }
}
