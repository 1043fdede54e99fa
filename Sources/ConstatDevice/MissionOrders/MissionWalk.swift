import ConstatCore
import ConstatSync

/// Where the walk through the ten steps of the mission order stands (MIS-07). Each step is a type that offers only what
/// can be done there and leads only to the steps that may follow: a wrong branch does not compile. The same state
/// machine on the server checks the result.
public enum MissionWalk: Sendable {
  case address(AddressStep)
  case complement(ComplementStep)
  case owner(OwnerStep)
  case payer(PayerStep)
  case outbuildings(OutbuildingsStep)
  case diagnostics(DiagnosticsStep)
  case price(PriceStep)
  case payerPresence(PayerPresenceStep)
  case onSitePayment(OnSitePaymentStep)
  case payment(PaymentStep)
  /// Pre-conclusions and signatures: the end of every branch.
  case end(MissionEnd)
  case finalised(FinalisedMission)
}

extension FieldDevice {
  /// Starts the mission order, here and now (MIS-24). Refused where it was started already: `walk` takes it up again.
  public func startMission(_ mission: String, at position: Position?) async throws -> AddressStep {
    try await record(in: mission) { gesture in
      guard try gesture.values(of: gesture.order) == nil else { throw DeviceError.orderAlreadyStarted }
      try gesture.create(
        gesture.order,
        [
          "dossier_id": .string(gesture.mission), "technician_id": .string(gesture.enrolment.technician),
          "started_at": .string(gesture.now.description), "started_latitude": position.latitude,
          "started_longitude": position.longitude,
        ])
    }
    return AddressStep(walk: Walk(device: self, mission: mission.lowercased()))
  }

  /// Where the mission order stands, after a restart of the app for instance; nil where it was not started.
  public func walk(_ mission: String) async throws -> MissionWalk? {
    guard let found = try await self.mission(mission) else { throw DeviceError.missionNotHere(mission) }
    guard let record = found.order else { return nil }
    return MissionWalk(record.order, Walk(device: self, mission: found.id))
  }
}

extension MissionWalk {
  init(_ order: MissionOrder, _ walk: Walk) {
    if order.finalisedAt != nil {
      self = .finalised(FinalisedMission(walk: walk))
      return
    }
    switch order.nextStep {
    case .address: self = .address(AddressStep(walk: walk))
    case .complement: self = .complement(ComplementStep(walk: walk))
    case .owner: self = .owner(OwnerStep(walk: walk))
    case .payer: self = .payer(PayerStep(walk: walk))
    case .outbuildings: self = .outbuildings(OutbuildingsStep(walk: walk))
    case .diagnostics: self = .diagnostics(DiagnosticsStep(walk: walk))
    case .price: self = .price(PriceStep(walk: walk))
    case .payerPresence: self = .payerPresence(PayerPresenceStep(walk: walk))
    case .onSitePayment: self = .onSitePayment(OnSitePaymentStep(walk: walk))
    case .payment: self = .payment(PaymentStep(walk: walk))
    case nil: self = .end(MissionEnd(walk: walk))
    }
  }
}

/// A walk's device and mission.
struct Walk: Sendable {
  let device: FieldDevice
  let mission: String

  /// One step of the state machine, written with what else the step changes, as one gesture.
  func advance(
    _ step: @escaping @Sendable (inout MissionOrder, inout Gesture) throws -> [String: JSONValue]
  ) async throws {
    try await device.record(in: mission) { gesture in
      guard let values = try gesture.values(of: gesture.order) else { throw DeviceError.orderNotStarted }
      var order = MissionOrder(columns: values)
      let others = try step(&order, &gesture)
      let changes = order.columns.filter { MissionOrder.isChange($0.key, to: $0.value, from: values) }
      try gesture.set(gesture.order, changes.merging(others) { $1 })
    }
  }

  func confirm(_ step: MissionStep) async throws {
    try await advance { order, _ in
      try order.confirm(step)
      return [:]
    }
  }
}

extension MissionOrder {
  /// A default that the row does not show yet is no change.
  fileprivate static func isChange(_ column: String, to value: JSONValue, from shown: [String: JSONValue])
    -> Bool
  {
    value != MissionOrder(columns: shown).columns[column]
  }
}

extension Gesture {
  /// A mission order bears its dossier's id.
  var order: EntityKey { EntityKey(.missionOrder, mission) }
}

extension Position? {
  var latitude: JSONValue { map { JSONValue(number: $0.latitude) } ?? .null }
  var longitude: JSONValue { map { JSONValue(number: $0.longitude) } ?? .null }
}
