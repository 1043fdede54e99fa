import ConstatCore
import Testing

@Suite struct MissionOrderPartTests {
  private let ready = MissionOrderPart.Facts(
    isCancelled: false, hasAppointment: true, hasPrice: true, hasOrderingParty: true, isQuoteSigned: false,
    isOrderSigned: false, isPaidOnSite: false)

  private func facts(_ change: (inout MissionOrderPart.Facts) -> Void) -> MissionOrderPart.Facts {
    var facts = ready
    change(&facts)
    return facts
  }

  @Test func `before a visit the sheet and the order are to be had, a receipt is not MIS-01`() {
    #expect(MissionOrderPart.available(ready) == [.interventionSheet, .commercialOrder])
    #expect(MissionOrderPart.paymentReceipt.obstacles(ready) == [.noPaymentOnSite])
  }

  @Test func `the intervention sheet needs somebody to go there MIS-02`() {
    let part = MissionOrderPart.interventionSheet
    #expect(part.obstacles(facts { $0.hasAppointment = false }) == [.noAppointment])
    #expect(part.obstacles(facts { $0.isCancelled = true }) == [.dossierCancelled])
    let needless = facts {
      $0.hasPrice = false
      $0.hasOrderingParty = false
      $0.isQuoteSigned = true
    }
    #expect(part.obstacles(needless).isEmpty)
  }

  @Test func `the commercial order stands for a quote that nobody signed MIS-03 QUO-16`() {
    let part = MissionOrderPart.commercialOrder
    #expect(part.obstacles(facts { $0.isQuoteSigned = true }) == [.quoteSigned])
    let bare = facts {
      $0.hasPrice = false
      $0.hasOrderingParty = false
      $0.hasAppointment = false
    }
    #expect(part.obstacles(bare) == [.noPrice, .noOrderingParty], "the reasons are told all at once")
  }

  @Test func `what both parties signed is to be had whatever happens later MIS-03 MIS-23`() {
    let later = facts {
      $0.isOrderSigned = true
      $0.isQuoteSigned = true
      $0.isCancelled = true
      $0.hasPrice = false
    }
    #expect(MissionOrderPart.commercialOrder.obstacles(later).isEmpty)
  }

  @Test func `a receipt proves money taken on site and nothing else MIS-04`() {
    let paid = facts {
      $0.isPaidOnSite = true
      $0.isCancelled = true
    }
    #expect(MissionOrderPart.paymentReceipt.obstacles(paid).isEmpty)
  }

  @Test(
    arguments: [
      (nil, nil, [], false, ["unsigned", "unsigned", "unsigned"], false),
      ("2026-11-20", nil, [], false, ["signed", "unsigned", "unsigned"], true),
      (nil, "2026-11-20", [.technician], false, ["unsigned", "partly_signed", "signed"], false),
      (nil, nil, [.technician, .orderingParty], true, ["unsigned", "signed", "unsigned"], true),
    ] as [(String?, String?, Set<Signature.Signer>, Bool, [String], Bool)])
  func `each piece of the contract is signed or not by itself MIS-29 MIS-30`(
    quote: String?, form: String?, signers: Set<Signature.Signer>, isFinal: Bool, states: [String],
    isAccepted: Bool
  ) {
    let contract = DossierContract(
      quoteSignedOn: quote.flatMap { Day($0) }, ademeFormSignedOn: form.flatMap { Day($0) },
      signers: signers, isOrderFinalised: isFinal)
    #expect(Document.ContractPiece.allCases.map { contract.state(of: $0).rawValue } == states)
    #expect(contract.isAccepted == isAccepted)
  }

  @Test(arguments: [
    (0, 0, 0, false, DossierPaymentStatus.notInvoiced), (0, 0, 0, true, .paidOnSite),
    (1, 2, 0, true, .unpaid), (1, 2, 1, false, .partlyPaid), (2, 2, 2, false, .paid),
  ])
  func `the header says where the money stands MIS-29`(
    invoices: Int, instalments: Int, settled: Int, isPaidOnSite: Bool, status: DossierPaymentStatus
  ) {
    #expect(
      DossierPaymentStatus(
        invoices: invoices, instalments: instalments, settled: settled, isPaidOnSite: isPaidOnSite) == status)
  }
}
