import ConstatCore
import Testing

@Suite struct MissionOrderTests {
  private let both: Set<Signature.Signer> = [.technician, .orderingParty]
  private let noon = Instant(secondsSinceEpoch: 1_800_000_000)

  private func atStep(_ step: Int) throws -> MissionOrder {
    var order = MissionOrder()
    for next in MissionStep.allCases.prefix(step) { try order.confirm(next) }
    return order
  }

  @Test func `no payer on site ends the mission at step 8 (MIS-15, AMB-08)`() throws {
    var order = try atStep(7)
    try order.answer(payerPresent: false)
    #expect(order.nextStep == nil)
    #expect(throws: MissionOrderError.notOnPath(.onSitePayment)) { try order.answer(paymentOnSite: true) }
    #expect(throws: MissionOrderError.notOnPath(.payment)) { try order.pay(by: .cheque) }
    try order.finalise(at: noon, signedBy: both)
    #expect(order.confirmedStep == 8)
  }

  @Test func `no payment on site ends the mission at step 9 (MIS-16, AMB-08)`() throws {
    var order = try atStep(7)
    try order.answer(payerPresent: true)
    #expect(order.nextStep == .onSitePayment)
    try order.answer(paymentOnSite: false)
    #expect(order.nextStep == nil)
    #expect(throws: MissionOrderError.notOnPath(.payment)) { try order.pay(by: .cash) }
    #expect(throws: MissionOrderError.receiptWithoutPayment) { try order.request(receipt: true) }
    try order.finalise(at: noon, signedBy: both)
  }

  @Test func `two times yes leads to the payment, and only then to a receipt (MIS-17, MIS-22)`() throws {
    var order = try atStep(7)
    try order.answer(payerPresent: true)
    try order.answer(paymentOnSite: true)
    #expect(order.nextStep == .payment)
    #expect(throws: MissionOrderError.receiptWithoutPayment) { try order.request(receipt: true) }
    #expect(throws: MissionOrderError.notAtEnd(next: .payment)) {
      try order.finalise(at: noon, signedBy: both)
    }
    #expect(throws: MissionOrderError.meansNotOnSite(.transfer)) { try order.pay(by: .transfer) }
    try order.pay(by: .cheque)
    try order.request(receipt: true)
    #expect(order.nextStep == nil)
    try order.finalise(at: noon, signedBy: both)
    #expect(order.finalisedAt == noon)
  }

  @Test func `a card through the provider is offered only where the company opted for it (MIS-18, ORG-17)`()
    throws
  {
    #expect(PaymentMeans.offeredOnSite(onlineCard: false) == [.cash, .cheque, .card])
    #expect(PaymentMeans.offeredOnSite(onlineCard: true).contains(.onlineCard))
    var order = try atStep(7)
    try order.answer(payerPresent: true)
    try order.answer(paymentOnSite: true)
    let before = order
    #expect(throws: MissionOrderError.meansNotOffered(.onlineCard)) { try order.pay(by: .onlineCard) }
    #expect(order == before)
    try order.pay(by: .onlineCard, onlineCard: true)
    #expect(throws: MissionOrderError.meansNotOffered(.onlineCard)) {
      try MissionOrder.validate(before: before, after: order, signedBy: [])
    }
    try MissionOrder.validate(before: before, after: order, signedBy: [], onlineCard: true)
    // What was paid so stays paid when the company opts out.
    let paid = order
    try order.request(receipt: true)
    try MissionOrder.validate(before: paid, after: order, signedBy: [])
  }

  @Test func `finalisation needs both signatures (MIS-20, MIS-21)`() throws {
    var order = try atStep(7)
    try order.answer(payerPresent: false)
    #expect(throws: MissionOrderError.signatureMissing([.technician, .orderingParty])) {
      try order.finalise(at: noon, signedBy: [])
    }
    #expect(throws: MissionOrderError.signatureMissing([.orderingParty])) {
      try order.finalise(at: noon, signedBy: [.technician])
    }
  }

  @Test func `steps are passed in order, an earlier one again, none skipped (MIS-07)`() throws {
    var order = try atStep(3)
    #expect(throws: MissionOrderError.stepSkipped(expected: .payer, given: .outbuildings)) {
      try order.confirm(.outbuildings)
    }
    try order.confirm(.address)
    #expect(order.confirmedStep == 3)
    #expect(throws: MissionOrderError.stepSkipped(expected: .payer, given: .payerPresence)) {
      try order.answer(payerPresent: true)
    }
    #expect(throws: MissionOrderError.answerMissing(.payerPresence)) { try order.confirm(.payerPresence) }
  }

  @Test func `an answer may be corrected until money was taken`() throws {
    var order = try atStep(7)
    try order.answer(payerPresent: true)
    try order.answer(paymentOnSite: true)
    try order.answer(payerPresent: false)
    #expect(order.confirmedStep == 8)
    #expect(order.paymentOnSite == nil)
    try order.answer(payerPresent: true)
    try order.answer(paymentOnSite: false)
    try order.answer(paymentOnSite: true)
    try order.pay(by: .cash)
    #expect(throws: MissionOrderError.paymentTaken) { try order.answer(payerPresent: false) }
    #expect(throws: MissionOrderError.paymentTaken) { try order.answer(paymentOnSite: false) }
    #expect(throws: MissionOrderError.paymentTaken) { try order.pay(by: .cheque) }
    try order.pay(by: .cash)
    #expect(order.confirmedStep == 10)
  }

  @Test func `nothing moves after the finalisation`() throws {
    var order = try atStep(7)
    try order.answer(payerPresent: false)
    try order.finalise(at: noon, signedBy: both)
    #expect(throws: MissionOrderError.alreadyFinalised) { try order.confirm(.address) }
    #expect(throws: MissionOrderError.alreadyFinalised) { try order.answer(payerPresent: true) }
    #expect(throws: MissionOrderError.alreadyFinalised) { try order.request(receipt: false) }
    #expect(throws: MissionOrderError.alreadyFinalised) { try order.finalise(at: noon, signedBy: both) }
  }

  /// One act of the technician; illegal ones throw.
  private func act(_ index: Int, on order: inout MissionOrder) throws {
    switch index {
    case 0..<7: try order.confirm(MissionStep.allCases[index])
    case 7: try order.answer(payerPresent: true)
    case 8: try order.answer(payerPresent: false)
    case 9: try order.answer(paymentOnSite: true)
    case 10: try order.answer(paymentOnSite: false)
    case 11: try order.pay(by: .cheque)
    case 12: try order.pay(by: .cash)
    case 13: try order.request(receipt: true)
    case 14: try order.request(receipt: false)
    default: try order.finalise(at: noon, signedBy: both)
    }
  }

  /// Every order that some walk leads to.
  private func reachable() -> Set<MissionOrder> {
    var known: Set<MissionOrder> = [MissionOrder()]
    var toVisit = [MissionOrder()]
    while let order = toVisit.popLast() {
      for index in 0...15 {
        var next = order
        guard (try? act(index, on: &next)) != nil, known.insert(next).inserted else { continue }
        toVisit.append(next)
      }
    }
    return known
  }

  @Test func `the server accepts every change that a walk makes`() throws {
    for order in reachable() {
      for index in 0...15 {
        var next = order
        guard (try? act(index, on: &next)) != nil else { continue }
        try MissionOrder.validate(before: order, after: next, signedBy: both)
      }
    }
  }

  @Test func `the states the server accepts are exactly those that walks lead to`() {
    let walked = reachable()
    var accepted: Set<MissionOrder> = []
    for step in -1...11 {
      for present in [nil, true, false] as [Bool?] {
        for onSite in [nil, true, false] as [Bool?] {
          for means in [nil, .cheque, .cash, .transfer] as [PaymentMeans?] {
            for receipt in [true, false] {
              for finalised in [nil, noon] {
                let order = MissionOrder(
                  confirmedStep: step, payerPresent: present, paymentOnSite: onSite,
                  paymentMeans: means, receiptRequested: receipt, finalisedAt: finalised)
                if (try? order.checkState(signedBy: both)) != nil { accepted.insert(order) }
              }
            }
          }
        }
      }
    }
    #expect(accepted == walked)
  }

  @Test func `the server refuses jumps, lost steps, undone payments and unsigned ends`() throws {
    let third = try atStep(3)
    #expect(throws: MissionOrderError.stepSkipped(expected: .payer, given: .outbuildings)) {
      try MissionOrder.validate(before: third, after: atStep(5), signedBy: both)
    }
    #expect(throws: MissionOrderError.stepLost(confirmed: 3, given: 2)) {
      try MissionOrder.validate(before: third, after: atStep(2), signedBy: both)
    }
    #expect(throws: MissionOrderError.stepSkipped(expected: .address, given: .complement)) {
      try MissionOrder.validate(before: nil, after: atStep(2), signedBy: both)
    }
    let paid = MissionOrder(confirmedStep: 10, payerPresent: true, paymentOnSite: true, paymentMeans: .cash)
    let unpaid = MissionOrder(confirmedStep: 9, payerPresent: true, paymentOnSite: false, paymentMeans: nil)
    #expect(throws: MissionOrderError.paymentTaken) {
      try MissionOrder.validate(before: paid, after: unpaid, signedBy: both)
    }
    let ended = MissionOrder(
      confirmedStep: 8, payerPresent: false, paymentOnSite: nil, paymentMeans: nil, finalisedAt: noon)
    let open = MissionOrder(confirmedStep: 8, payerPresent: false, paymentOnSite: nil, paymentMeans: nil)
    #expect(throws: MissionOrderError.signatureMissing([.orderingParty])) {
      try MissionOrder.validate(before: open, after: ended, signedBy: [.technician])
    }
    #expect(throws: MissionOrderError.alreadyFinalised) {
      try MissionOrder.validate(before: ended, after: open, signedBy: both)
    }
  }

  @Test func `columns hold all of it`() throws {
    for order in reachable() { #expect(MissionOrder(columns: order.columns) == order) }
    #expect(MissionOrder(columns: [:]) == MissionOrder())
    #expect(Set(MissionOrder().columns.keys) == Set(MissionOrder.governedColumns))
  }
}
