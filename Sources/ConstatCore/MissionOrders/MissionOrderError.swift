/// Why a step, an answer or a change of the mission order is refused.
public enum MissionOrderError: Error, Hashable, Sendable {
  case noSuchStep(Int)
  /// Steps are passed in order.
  case stepSkipped(expected: MissionStep, given: MissionStep)
  /// The branch taken at step 8 or 9 does not lead to this step.
  case notOnPath(MissionStep)
  /// The step is a question, and was passed without its answer.
  case answerMissing(MissionStep)
  /// A step once passed stays passed, unless an answer "no" ends the mission earlier.
  case stepLost(confirmed: Int, given: Int)
  /// Money was taken on site: its answers stand.
  case paymentTaken
  /// A technician cannot take this on site.
  case meansNotOnSite(PaymentMeans)
  /// The company has not opted for it (ORG-17).
  case meansNotOffered(PaymentMeans)
  case receiptWithoutPayment
  case notAtEnd(next: MissionStep)
  case signatureMissing([Signature.Signer])
  case alreadyFinalised

  public var code: String {
    switch self {
    case .noSuchStep: "no-such-step"
    case .stepSkipped: "step-skipped"
    case .notOnPath: "step-not-on-path"
    case .answerMissing: "step-answer-missing"
    case .stepLost: "step-lost"
    case .paymentTaken: "payment-taken"
    case .meansNotOnSite: "means-not-on-site"
    case .meansNotOffered: "means-not-offered"
    case .receiptWithoutPayment: "receipt-without-payment"
    case .notAtEnd: "mission-not-at-end"
    case .signatureMissing: "signature-missing"
    case .alreadyFinalised: "mission-order-finalised"
    }
  }
}
