/// The ten-step mission order as carried out (MIS-07): a value over the columns that the state
/// machine governs, used by the device to walk and by the server to check the walk.
///
/// Steps are confirmed in order; an earlier one may be confirmed again to correct it, none may be
/// skipped. The path branches exactly as AMB-08 has it: no payer on site (8) ends the mission,
/// no payment on site (9) ends it, only two times yes opens the payment (10). Every branch
/// leads to the finalisation, which needs both signatures and after which nothing moves.
public struct MissionOrder: Sendable, Hashable {
  /// The last step passed, 0 before the first.
  public private(set) var confirmedStep: Int
  /// The answer at step 8.
  public private(set) var payerPresent: Bool?
  /// The answer at step 9.
  public private(set) var paymentOnSite: Bool?
  /// What was paid with at step 10.
  public private(set) var paymentMeans: PaymentMeans?
  public private(set) var receiptRequested: Bool
  public private(set) var finalisedAt: Instant?

  /// An order just started.
  public init() {
    confirmedStep = 0
    receiptRequested = false
  }

  /// An order as its columns hold it, whether or not they are possible: `checkState` says.
  public init(
    confirmedStep: Int, payerPresent: Bool?, paymentOnSite: Bool?, paymentMeans: PaymentMeans?,
    receiptRequested: Bool = false, finalisedAt: Instant? = nil
  ) {
    self.confirmedStep = confirmedStep
    self.payerPresent = payerPresent
    self.paymentOnSite = paymentOnSite
    self.paymentMeans = paymentMeans
    self.receiptRequested = receiptRequested
    self.finalisedAt = finalisedAt
  }

  /// The step that comes now; nil at the end of the mission, where finalisation is open.
  public var nextStep: MissionStep? {
    if payerPresent == false || paymentOnSite == false { return nil }
    return MissionStep(rawValue: confirmedStep + 1)
  }

  /// Whether a payment was taken at step 10.
  public var isPaidOnSite: Bool { paymentMeans != nil }

  /// Passes one of steps 1 to 7, whose corrections are in the dossier itself.
  public mutating func confirm(_ step: MissionStep) throws(MissionOrderError) {
    switch step {
    case .payerPresence, .onSitePayment, .payment: throw .answerMissing(step)
    default: try pass(step)
    }
  }

  /// Step 8: whether the payer is there. No ends the mission and takes back an answer at 9.
  public mutating func answer(payerPresent: Bool) throws(MissionOrderError) {
    guard paymentMeans == nil || payerPresent else { throw .paymentTaken }
    try pass(.payerPresence)
    self.payerPresent = payerPresent
    if !payerPresent {
      paymentOnSite = nil
      confirmedStep = MissionStep.payerPresence.rawValue
    }
  }

  /// Step 9: whether he pays now. No ends the mission.
  public mutating func answer(paymentOnSite: Bool) throws(MissionOrderError) {
    guard payerPresent != false else { throw .notOnPath(.onSitePayment) }
    guard paymentMeans == nil || paymentOnSite else { throw .paymentTaken }
    try pass(.onSitePayment)
    self.paymentOnSite = paymentOnSite
  }

  /// Step 10: what he paid with. Money taken is a fact: it is undone by a reversal at the
  /// office, never by walking back. `onlineCard`: whether the company opted for cards through the
  /// online provider (ORG-17).
  public mutating func pay(by means: PaymentMeans, onlineCard: Bool = false) throws(MissionOrderError) {
    guard payerPresent != false, paymentOnSite != false else { throw .notOnPath(.payment) }
    guard PaymentMeans.onSite.contains(means) else { throw .meansNotOnSite(means) }
    guard PaymentMeans.offeredOnSite(onlineCard: onlineCard).contains(means) || paymentMeans == means else {
      throw .meansNotOffered(means)
    }
    guard paymentMeans == nil || paymentMeans == means else { throw .paymentTaken }
    try pass(.payment)
    paymentMeans = means
  }

  /// A receipt can be asked for only when money was taken (MIS-22).
  public mutating func request(receipt: Bool) throws(MissionOrderError) {
    guard finalisedAt == nil else { throw .alreadyFinalised }
    guard !receipt || isPaidOnSite else { throw .receiptWithoutPayment }
    receiptRequested = receipt
  }

  /// Ends the mission: from then on the order is what both parties signed.
  public mutating func finalise(
    at instant: Instant, signedBy signers: Set<Signature.Signer>
  ) throws(MissionOrderError) {
    guard finalisedAt == nil else { throw .alreadyFinalised }
    if let nextStep { throw .notAtEnd(next: nextStep) }
    try MissionOrder.checkSignatures(signers)
    finalisedAt = instant
  }

  private mutating func pass(_ step: MissionStep) throws(MissionOrderError) {
    guard finalisedAt == nil else { throw .alreadyFinalised }
    if step.rawValue <= confirmedStep { return }
    guard step == nextStep else {
      guard let nextStep else { throw .notOnPath(step) }
      throw .stepSkipped(expected: nextStep, given: step)
    }
    confirmedStep = step.rawValue
  }

  private static func checkSignatures(_ signers: Set<Signature.Signer>) throws(MissionOrderError) {
    let missing = Signature.Signer.allCases.filter { !signers.contains($0) }
    if !missing.isEmpty { throw .signatureMissing(missing) }
  }
}

extension MissionOrder {
  /// Refuses columns that no walk leads to. `signers` are those whose signature is stored.
  public func checkState(signedBy signers: Set<Signature.Signer>) throws(MissionOrderError) {
    guard (0...10).contains(confirmedStep) else { throw .noSuchStep(confirmedStep) }
    try checkAnswer(payerPresent != nil, at: .payerPresence)
    try checkAnswer(paymentOnSite != nil, at: .onSitePayment)
    try checkAnswer(paymentMeans != nil, at: .payment)
    if payerPresent == false, confirmedStep > 8 { throw .notOnPath(.onSitePayment) }
    if paymentOnSite == false, confirmedStep > 9 { throw .notOnPath(.payment) }
    if let paymentMeans, !PaymentMeans.onSite.contains(paymentMeans) {
      throw .meansNotOnSite(paymentMeans)
    }
    if receiptRequested, !isPaidOnSite { throw .receiptWithoutPayment }
    if finalisedAt != nil {
      if let nextStep { throw .notAtEnd(next: nextStep) }
      try MissionOrder.checkSignatures(signers)
    }
  }

  /// A question is answered exactly when its step has been passed.
  private func checkAnswer(_ isAnswered: Bool, at step: MissionStep) throws(MissionOrderError) {
    if isAnswered, confirmedStep < step.rawValue {
      throw (payerPresent == false || paymentOnSite == false)
        ? .notOnPath(step)
        : .stepSkipped(expected: nextStep ?? step, given: step)
    }
    if !isAnswered, confirmedStep >= step.rawValue {
      throw (payerPresent == false || paymentOnSite == false)
        ? .notOnPath(step) : .answerMissing(step)
    }
  }

  /// Refuses a change that no single step makes, whoever proposes it. `before` is nil where the
  /// order is only now started. `onlineCard`: whether a card through the online provider was
  /// offered to the technician, as far as he could know.
  public static func validate(
    before: MissionOrder?, after: MissionOrder, signedBy signers: Set<Signature.Signer>,
    onlineCard: Bool = false
  ) throws(MissionOrderError) {
    let before = before ?? MissionOrder()
    if before == after { return }
    guard before.finalisedAt == nil else { throw .alreadyFinalised }
    try after.checkState(signedBy: signers)
    if before.isPaidOnSite {
      guard after.isPaidOnSite, after.paymentMeans == before.paymentMeans else { throw .paymentTaken }
    } else if let means = after.paymentMeans,
      !PaymentMeans.offeredOnSite(onlineCard: onlineCard).contains(means)
    {
      throw .meansNotOffered(means)
    }
    if after.confirmedStep > before.confirmedStep + 1 {
      guard let expected = before.nextStep ?? MissionStep(rawValue: before.confirmedStep),
        let given = MissionStep(rawValue: after.confirmedStep)
      else { throw .noSuchStep(after.confirmedStep) }
      throw .stepSkipped(expected: expected, given: given)
    }
    if after.confirmedStep < before.confirmedStep, after.nextStep != nil {
      throw .stepLost(confirmed: before.confirmedStep, given: after.confirmedStep)
    }
  }
}
