/// What is to be done about one mutation.
public struct MergeOutcome: Sendable, Hashable {
  public var status: MutationStatus
  public var effect: Effect
  /// Conflicts to open (without id), or to bring up to date (with one).
  public var conflicts: [ConflictRecord]
  public var parked: ParkReason?
  public var rejection: Rejection?

  public init(
    status: MutationStatus, effect: Effect = .none, conflicts: [ConflictRecord] = [],
    parked: ParkReason? = nil, rejection: Rejection? = nil
  ) {
    self.status = status
    self.effect = effect
    self.conflicts = conflicts
    self.parked = parked
    self.rejection = rejection
  }

  public static func parked(_ reason: ParkReason) -> MergeOutcome {
    MergeOutcome(status: .parked, parked: reason)
  }

  public static func rejected(_ rejection: Rejection) -> MergeOutcome {
    MergeOutcome(status: .rejected, rejection: rejection)
  }
}

/// The device that pushes.
public struct Author: Sendable, Hashable {
  public let device: String
  public let technician: String
  public let isRevoked: Bool
  /// What the device is not shown.
  public let withheld: WithheldInformation

  public init(
    device: String, technician: String, isRevoked: Bool = false, withheld: WithheldInformation = .none
  ) {
    self.device = device
    self.technician = technician
    self.isRevoked = isRevoked
    self.withheld = withheld
  }

  /// As the seal of the push will name it.
  public var writer: Writer { Writer(actor: "device:" + device, device: device) }
}

/// Where the server stands in its own history.
public struct ServerPosition: Sendable, Hashable {
  public let lineage: Lineage
  public let version: Int64

  public init(epoch: String, forks: [String: Int64] = [:], version: Int64) {
    lineage = Lineage(epoch: epoch, forks: forks)
    self.version = version
  }

  /// The version up to which the author of an edit knew this history. A base of an older epoch counts up to where that
  /// one ends. Nil where versions prove nothing: the base is of an epoch that is not in this history, or ahead of it;
  /// what the device showed must tell then.
  public func known(of base: Mutation.Base) -> Int64? {
    if base.epoch == lineage.epoch { return base.version <= version ? base.version : nil }
    return lineage.forks[base.epoch].map { min(base.version, $0) }
  }
}
