import ConstatCore
import ConstatDevice
import Seeds

/// How a technician walks through mission orders: step by step, with money taken at step 10 and signatures in the end.
extension SimulatedTechnician {
  /// The first of the day: a whole mission order with its payment and its signatures, told to the server.
  func visit() async throws {
    for _ in 0..<20 where try await device?.missions().isEmpty != false { try await syncOnce() }
    guard let mission = try await anyMission()?.id else { return }
    for _ in 0..<12 where try await step(mission, isPaying: true) {}
    try await changeSigned()
  }

  /// The office would have something else of what was signed, once it has heard of it.
  func changeSigned() async throws {
    for _ in 0..<20 where try await device?.unsentCount != 0 { try await syncOnce() }
    let signed = try await device?.missions().first { $0.order?.isFinalised == true }
    guard plan.troubles.contains(.signedEdits), let signed else { return }
    try await ask(.changeSigned(mission: signed.id))
  }

  /// Some steps of a mission order that is not signed yet, rather of one that was begun.
  func walkOn() async throws {
    let missions = try await device?.missions() ?? []
    let unsigned = missions.filter { $0.order?.isFinalised != true }
    guard isWalking, !unsigned.isEmpty else { return try await edit() }
    let begun = unsigned.filter { $0.order != nil }
    try await walkOn(random.pick(begun.isEmpty || random.chance(20) ? unsigned : begun).id)
  }

  func walkOn(_ mission: String) async throws {
    for _ in 0..<(6 + random.below(9)) {
      guard try await step(mission, isPaying: random.chance(85)) else { return }
    }
  }

  /// False where there is none to follow.
  private func step(_ mission: String, isPaying: Bool) async throws -> Bool {
    var goesOn = false
    let isTaken = try await typing("steps of mission orders") {
      goesOn = try await carryOut(try await device?.walk(mission), of: mission, isPaying: isPaying)
    }
    return isTaken && goesOn
  }

  private func carryOut(_ walk: MissionWalk?, of mission: String, isPaying: Bool) async throws -> Bool {
    switch walk {
    case nil: _ = try await device?.startMission(mission, at: nil)
    case .address(let step): _ = try await step.confirm()
    case .complement(let step): _ = try await step.confirm()
    case .owner(let step): _ = try await step.confirm()
    case .payer(let step): _ = try await step.confirm()
    case .outbuildings(let step): _ = try await step.confirm()
    case .diagnostics(let step): _ = try await step.confirm()
    case .price(let step): _ = try await step.confirm()
    case .payerPresence(let step):
      if isPaying { _ = try await step.payerIsPresent() } else { _ = try await step.payerIsAbsent() }
    case .onSitePayment(let step):
      if isPaying { _ = try await step.paysNow() } else { _ = try await step.doesNotPayNow() }
    case .payment(let step): try await take(step, mission)
    case .end(let end):
      try await sign(end, mission)
      return false
    case .finalised: return false
    }
    return true
  }

  /// The price of the mission, by cheque or through the online provider. The office may record the same money meanwhile, or
  /// stop offering the provider before it hears of this.
  private func take(_ step: PaymentStep, _ mission: String) async throws {
    let shown = try await device?.mission(mission)?.price.amount
    let told = await office.prices[mission]
    guard let amount = shown ?? told else { return }
    let isFirst = payments.isEmpty
    let wantsCard = isFirst ? index.isMultiple(of: 2) : random.chance(50)
    let isOnline = try await step.offeredMeans().contains(.onlineCard) && wantsCard
    let token = token(.creation)
    let payment =
      isOnline
      ? OnSitePayment.onlineCard(amount, reference: token)
      : .cheque(amount, number: token, bank: "Banque du Port", issuer: "Owner")
    _ = try await step.take(payment)
    payments.append(TakenPayment(token: token, means: payment.means, cents: amount.cents))
    if isOnline { tally.add("payments through the provider") }
    if plan.troubles.contains(.doublePayments), isFirst || random.chance(50) {
      try await ask(.pay(mission: mission))
    }
    guard isOnline, plan.troubles.contains(.cardStops), isFirst || random.chance(50) else { return }
    try await ask(.stopCards)
    for _ in 0..<10 where try await device?.unsentCount != 0 { try await syncOnce() }
  }

  /// Both sign; the office, once it has heard of it, would have something else.
  private func sign(_ end: MissionEnd, _ mission: String) async throws {
    func signature(_ name: String) -> DrawnSignature {
      DrawnSignature(name: name, image: FileKind.png.sample(of: 64, &random))
    }
    _ = try await end.finalise(
      technician: signature(token(.creation)), orderingParty: signature(token(.creation)), at: nil,
      copy: random.chance(50), marksVisited: random.chance(50))
    tally.add("mission orders signed")
    guard plan.troubles.contains(.signedEdits) else { return }
    try await syncOnce()
    try await ask(.changeSigned(mission: mission))
  }
}
