public import ConstatCore

/// What became of one mutation. Each of these settles it: the device never sends it again, except
/// to a server that was restored from a backup.
public enum MutationStatus: String, Sendable, Hashable, CaseIterable {
  /// As sent.
  case applied
  /// Applied beside changes that others made meanwhile; nothing was contested.
  case merged
  /// At least one field is contested: both values are kept in a conflict.
  case conflicted
  /// Kept whole for someone to decide: the mission is no longer the technician's, for instance.
  case parked
  /// Not allowed or not sound; the server keeps the payload.
  case rejected
}

/// The answer to one mutation; stored, and answered again to whoever repeats it.
public struct MutationResult: Sendable, Hashable {
  public var seq: Int64
  public var status: MutationStatus
  /// The version by which the outcome shows in pulls.
  public var version: Int64
  /// The conflicts that hold the contested values.
  public var conflicts: [String]
  public var parked: ParkReason?
  public var rejection: Rejection?
  /// True where the mutation had been settled before and this is its stored answer.
  public var isReplay: Bool

  public init(
    seq: Int64, status: MutationStatus, version: Int64, conflicts: [String] = [],
    parked: ParkReason? = nil, rejection: Rejection? = nil, isReplay: Bool = false
  ) {
    self.seq = seq
    self.status = status
    self.version = version
    self.conflicts = conflicts
    self.parked = parked
    self.rejection = rejection
    self.isReplay = isReplay
  }

  public init(json: JSONValue, at pointer: String = "") throws(FieldProblems) {
    let reader = try WireReader(json, at: pointer)
    seq = try reader.count("seq")
    status = try reader.choice("status", of: MutationStatus.self)
    version = try reader.count("v")
    conflicts = reader.has("conflicts") ? try reader.array("conflicts").compactMap(\.string) : []
    parked = try reader.optionalString("reason").map(ParkReason.init)
    rejection = try reader["error"].map { value throws(FieldProblems) in
      try Rejection(json: value, at: reader.place("error"))
    }
    isReplay = try reader.bool("replayed", default: false)
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "seq": .integer(seq), "status": .string(status.rawValue), "v": .integer(version),
    ]
    if !conflicts.isEmpty { members["conflicts"] = .array(conflicts.map { .string($0) }) }
    if let parked { members["reason"] = .string(parked.rawValue) }
    if let rejection { members["error"] = rejection.json }
    if isReplay { members["replayed"] = true }
    return .object(members)
  }

  /// The stored answer as a repeated mutation gets it.
  public var replayed: MutationResult {
    var result = self
    result.isReplay = true
    return result
  }
}

/// The answer to a push: as many results as mutations, in their order.
public struct PushResponse: Sendable, Hashable {
  public var epoch: String
  /// The last sequence of this device that the server has settled.
  public var lmid: Int64
  public var results: [MutationResult]

  public init(epoch: String, lmid: Int64, results: [MutationResult]) {
    self.epoch = epoch
    self.lmid = lmid
    self.results = results
  }

  public init(json: JSONValue) throws(FieldProblems) {
    let reader = try WireReader(json)
    epoch = try reader.string("epoch")
    lmid = try reader.count("lmid")
    var results: [MutationResult] = []
    for (index, value) in try reader.array("results").enumerated() {
      results.append(try MutationResult(json: value, at: "/results/\(index)"))
    }
    self.results = results
  }

  public var json: JSONValue {
    ["epoch": .string(epoch), "lmid": .integer(lmid), "results": .array(results.map(\.json))]
  }
}
