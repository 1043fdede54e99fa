public import ConstatCore
import ConstatSync

/// Step 8: is the payer there? (MIS-15)
public struct PayerPresenceStep: Sendable {
  let walk: Walk

  public func payerIsPresent() async throws -> OnSitePaymentStep {
    try await walk.advance { order, _ in
      try order.answer(payerPresent: true)
      return [:]
    }
    return OnSitePaymentStep(walk: walk)
  }

  /// Straight to the end of the mission.
  public func payerIsAbsent() async throws -> MissionEnd {
    try await walk.payerIsAbsent()
  }
}

/// Step 9: does the payer pay now? (MIS-16)
public struct OnSitePaymentStep: Sendable {
  let walk: Walk

  public func paysNow() async throws -> PaymentStep {
    try await walk.advance { order, _ in
      try order.answer(paymentOnSite: true)
      return [:]
    }
    return PaymentStep(walk: walk)
  }

  /// Straight to the end of the mission.
  public func doesNotPayNow() async throws -> MissionEnd {
    try await walk.doesNotPayNow()
  }

  /// The answer at step 8 was wrong, or he has gone.
  public func payerIsAbsent() async throws -> MissionEnd {
    try await walk.payerIsAbsent()
  }
}

/// Step 10: the payment (MIS-17).
public struct PaymentStep: Sendable {
  let walk: Walk

  /// What can be taken here: a card through the online provider only where the company opted for it (MIS-18).
  public func offeredMeans() async throws -> [PaymentMeans] {
    try await walk.device.settings().offeredMeans
  }

  /// Notes the money taken and that it was: one cannot arrive without the other.
  public func take(_ payment: OnSitePayment) async throws -> MissionEnd {
    try await walk.advance { order, gesture in
      guard !order.isPaidOnSite else { throw MissionOrderError.paymentTaken }
      try order.pay(by: payment.means, onlineCard: gesture.settings().acceptsOnlineCard)
      try gesture.create(
        EntityKey(.payment, gesture.environment.newID()), try payment.values(in: gesture))
      return [:]
    }
    return MissionEnd(walk: walk)
  }

  /// He has changed his mind: the answer at step 9 becomes no.
  public func doesNotPayNow() async throws -> MissionEnd {
    try await walk.doesNotPayNow()
  }
}

extension Walk {
  fileprivate func payerIsAbsent() async throws -> MissionEnd {
    try await advance { order, _ in
      try order.answer(payerPresent: false)
      return [:]
    }
    return MissionEnd(walk: self)
  }

  fileprivate func doesNotPayNow() async throws -> MissionEnd {
    try await advance { order, _ in
      try order.answer(paymentOnSite: false)
      return [:]
    }
    return MissionEnd(walk: self)
  }
}

/// Money taken on site, in one of the four ways that a technician can take it.
public struct OnSitePayment: Sendable, Hashable {
  public let means: PaymentMeans
  public let amount: Money
  /// The cheque's number, or the terminal's reference.
  public let reference: String?
  public let bank: String?
  /// Who drew the cheque.
  public let issuerName: String?
  /// The contact who paid; the mission's payer where none is given.
  public let payer: String?
  public let comment: String?

  /// At most 1,000 € of one debt (CMF L112-6).
  public static func cash(_ amount: Money, payer: String? = nil, comment: String? = nil) -> OnSitePayment {
    OnSitePayment(
      means: .cash, amount: amount, reference: nil, bank: nil, issuerName: nil, payer: payer, comment: comment
    )
  }

  public static func cheque(
    _ amount: Money, number: String, bank: String, issuer: String, payer: String? = nil,
    comment: String? = nil
  ) -> OnSitePayment {
    OnSitePayment(
      means: .cheque, amount: amount, reference: number, bank: bank, issuerName: issuer, payer: payer,
      comment: comment)
  }

  /// On a terminal.
  public static func card(
    _ amount: Money, reference: String? = nil, payer: String? = nil, comment: String? = nil
  ) -> OnSitePayment {
    OnSitePayment(
      means: .card, amount: amount, reference: reference, bank: nil, issuerName: nil, payer: payer,
      comment: comment)
  }

  /// Through the payment provider, on the technician's phone: where the company opted for it (MIS-18).
  public static func onlineCard(
    _ amount: Money, reference: String, payer: String? = nil, comment: String? = nil
  ) -> OnSitePayment {
    OnSitePayment(
      means: .onlineCard, amount: amount, reference: reference, bank: nil, issuerName: nil, payer: payer,
      comment: comment)
  }

  func values(in gesture: Gesture) throws -> [String: JSONValue] {
    guard amount.isPositive else { throw PaymentError.amountNotPositive }
    let rows = try gesture.missionRows()
    let inCash = try rows.values.filter {
      $0.key.type == .payment && $0.values["means"]?.string == PaymentMeans.cash.rawValue
    }.map { Money(cents: $0.values["amount_cents"]?.integer ?? 0) }.total()
    try CashLimit.check(amount, means: means, alreadyInCash: inCash)
    let dossier = rows[gesture.dossier]?.values
    let payer = payer?.lowercased() ?? dossier?["payer_id"]?.string
    if let payer, rows[EntityKey(.contact, payer)] == nil { throw DeviceError.notFound("contact/" + payer) }
    return [
      "dossier_id": .string(gesture.mission), "payer_id": JSONValue(payer), "means": .string(means.rawValue),
      "amount_cents": .integer(amount.cents), "received_on": .string(try gesture.today().description),
      "received_at": .string(gesture.now.description), "reference": JSONValue(reference),
      "bank": JSONValue(bank),
      "issuer_name": JSONValue(issuerName), "comment": JSONValue(comment),
    ]
  }
}
