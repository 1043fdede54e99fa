public import ConstatCore

/// Step 1: the address of the property (MIS-08).
public struct AddressStep: Sendable {
  let walk: Walk

  public func correct(_ correction: AddressCorrection) async throws {
    try await walk.device.correctAddress(walk.mission, correction)
  }

  public func confirm() async throws -> ComplementStep {
    try await walk.confirm(.address)
    return ComplementStep(walk: walk)
  }
}

/// Step 2: floor, door, keys, escort (MIS-09).
public struct ComplementStep: Sendable {
  let walk: Walk

  public func correct(_ correction: AccessCorrection) async throws {
    try await walk.device.correctAccess(walk.mission, correction)
  }

  public func confirm() async throws -> OwnerStep {
    try await walk.confirm(.complement)
    return OwnerStep(walk: walk)
  }
}

/// Step 3: the owner (MIS-10).
public struct OwnerStep: Sendable {
  let walk: Walk

  public func correct(_ correction: ContactCorrection) async throws {
    guard let owner = try await walk.device.mission(walk.mission)?.owner else {
      throw DeviceError.notFound("owner")
    }
    try await walk.device.correctContact(walk.mission, contact: owner.id, correction)
  }

  public func confirm() async throws -> PayerStep {
    try await walk.confirm(.owner)
    return PayerStep(walk: walk)
  }
}

/// Step 4: who pays (MIS-11).
public struct PayerStep: Sendable {
  let walk: Walk

  public func choose(_ contact: String) async throws {
    try await walk.device.choosePayer(walk.mission, contact: contact)
  }

  @discardableResult
  public func choose(new contact: ContactCorrection) async throws -> String {
    try await walk.device.choosePayer(walk.mission, new: contact)
  }

  public func confirm() async throws -> OutbuildingsStep {
    try await walk.confirm(.payer)
    return OutbuildingsStep(walk: walk)
  }
}

/// Step 5: cellars, parking spaces and the like (MIS-12).
public struct OutbuildingsStep: Sendable {
  let walk: Walk

  @discardableResult
  public func add(_ kind: Outbuilding.Kind, lotNumber: String? = nil, comment: String? = nil) async throws
    -> String
  {
    try await walk.device.addOutbuilding(walk.mission, kind, lotNumber: lotNumber, comment: comment)
  }

  public func remove(_ id: String) async throws {
    try await walk.device.removeOutbuilding(walk.mission, id)
  }

  public func confirm() async throws -> DiagnosticsStep {
    try await walk.confirm(.outbuildings)
    return DiagnosticsStep(walk: walk)
  }
}

/// Step 6: the diagnostics to carry out (MIS-13).
public struct DiagnosticsStep: Sendable {
  let walk: Walk

  @discardableResult
  public func add(_ code: String) async throws -> String {
    try await walk.device.addDiagnostic(walk.mission, code: code)
  }

  public func remove(_ id: String) async throws {
    try await walk.device.removeDiagnostic(walk.mission, id)
  }

  public func confirm() async throws -> PriceStep {
    try await walk.confirm(.diagnostics)
    return PriceStep(walk: walk)
  }
}

/// Step 7: the price of the mission (MIS-14).
public struct PriceStep: Sendable {
  let walk: Walk

  public func correct(_ amount: Money, comment: String? = nil) async throws {
    try await walk.device.correctPrice(walk.mission, amount, comment: comment)
  }

  public func confirm() async throws -> PayerPresenceStep {
    try await walk.confirm(.price)
    return PayerPresenceStep(walk: walk)
  }
}
