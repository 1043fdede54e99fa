public import ConstatCore
import ConstatSync
import Foundation

/// The end of the mission, which every branch comes to: pre-conclusions, then both signatures (MIS-19..23).
public struct MissionEnd: Sendable {
  let walk: Walk

  public func setPreConclusion(
    diagnostic id: String, _ text: String, outcome: DiagnosticOutcome? = nil, visitedOn: Day? = nil
  ) async throws {
    try await walk.device.setPreConclusion(
      walk.mission, diagnostic: id, text, outcome: outcome, visitedOn: visitedOn)
  }

  /// Free text on the mission order.
  public func write(note: String) async throws {
    try await walk.advance { _, _ in ["field_note": .string(note)] }
  }

  /// Back to the question whose answer ended the mission, to answer it otherwise. Refused once money was taken.
  public func reconsider() async throws -> MissionWalk {
    guard let order = try await walk.device.mission(walk.mission)?.order?.order else {
      throw DeviceError.orderNotStarted
    }
    guard order.finalisedAt == nil else { throw MissionOrderError.alreadyFinalised }
    guard !order.isPaidOnSite else { throw MissionOrderError.paymentTaken }
    if order.payerPresent == false { return .payerPresence(PayerPresenceStep(walk: walk)) }
    return .onSitePayment(OnSitePaymentStep(walk: walk))
  }

  /// Both parties sign, here and now (MIS-20, MIS-21, MIS-25); from then on the order is what they signed. `receipt` and
  /// `copy` ask for what the payer is sent by mail: a receipt only where money was taken. `marksVisited` also reports
  /// the dossier and its appointment as done.
  public func finalise(
    technician: DrawnSignature, orderingParty: DrawnSignature, at position: Position?, receipt: Bool = false,
    copy: Bool = false, marksVisited: Bool
  ) async throws -> FinalisedMission {
    try await walk.advance { order, gesture in
      if receipt != order.receiptRequested { try order.request(receipt: receipt) }
      let signed = [
        (Signature.Signer.technician, technician.signing(as: .technician)), (.orderingParty, orderingParty),
      ]
      for (signer, drawn) in signed {
        try gesture.create(
          EntityKey(.signature, gesture.environment.newID()), try drawn.values(of: signer, in: gesture))
      }
      try order.finalise(at: gesture.now, signedBy: Set(Signature.Signer.allCases))
      if marksVisited { try gesture.markVisited() }
      return [
        "copy_requested": .bool(copy), "ended_at": .string(gesture.now.description),
        "ended_latitude": position.latitude, "ended_longitude": position.longitude,
      ]
    }
    return FinalisedMission(walk: walk)
  }
}

/// What both parties have signed. Nothing of the order changes any more.
public struct FinalisedMission: Sendable {
  let walk: Walk

  public func order() async throws -> MissionOrderRecord? {
    try await walk.device.mission(walk.mission)?.order
  }
}

/// A signature as drawn with a finger or a stylus.
public struct DrawnSignature: Sendable, Hashable {
  /// Who signs, in full.
  public let name: String
  /// PNG or JPEG, at most 200 KiB.
  public let image: [UInt8]
  /// As what; of the technician's own signature it goes without saying.
  public let capacity: Signature.Capacity

  public init(name: String, image: [UInt8], capacity: Signature.Capacity = .unspecified) {
    self.name = name
    self.image = image
    self.capacity = capacity
  }

  func signing(as capacity: Signature.Capacity) -> DrawnSignature {
    DrawnSignature(name: name, image: image, capacity: capacity)
  }

  func values(of signer: Signature.Signer, in gesture: Gesture) throws -> [String: JSONValue] {
    let base64 = Data(image).base64EncodedString()
    guard SignatureImage(base64: base64) != nil else { throw DeviceError.unusableSignature }
    return [
      "dossier_id": .string(gesture.mission), "mission_order_id": .string(gesture.order.id),
      "signer": .string(signer.rawValue), "signer_name": .string(name),
      "signer_capacity": .string(capacity.rawValue),
      "signed_at": .string(gesture.now.description), SignatureImage.field: .string(base64),
    ]
  }
}

extension Gesture {
  /// Reports the visit (AMB-10): the dossier, unless it is further on, and the appointments that were planned.
  fileprivate mutating func markVisited() throws {
    let rows = try missionRows()
    let status = rows[dossier]?.values["status"]?.string.flatMap(DossierStatus.init(rawValue:))
    if status?.isBeforeVisit == true {
      try set(dossier, ["status": .string(DossierStatus.visited.rawValue)])
    }
    for (key, row) in rows.sorted(by: { $0.key < $1.key }) where key.type == .appointment {
      guard row.values["status"]?.string == Appointment.Status.planned.rawValue,
        let start = row.values["starts_at"]?.string.flatMap({ Instant($0) }),
        start <= now.adding(seconds: 86_400)
      else { continue }
      try set(key, ["status": .string(Appointment.Status.done.rawValue)])
    }
  }
}
