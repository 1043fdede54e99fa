import ConstatCore

/// Why a push as a whole is refused. Nothing of it has changed anything.
public enum PushError: Error, Sendable, Hashable {
  /// The first mutation comes after the next one due: the device starts again from there.
  case sequenceGap(lmid: Int64)
  /// The mutations are not neighbours in sequence.
  case sequenceNotDense
  /// Another mutation was settled under the same sequence: the device was copied or restored from
  /// a backup. It registers anew and brings what it holds.
  case deviceForked(seq: Int64)
  /// A group is not whole in the push.
  case groupIncomplete(String)
  /// The body names another device than the one that is signed in.
  case otherDevice

  /// Stable, for problem answers.
  public var code: String {
    switch self {
    case .sequenceGap: "sequence-gap"
    case .sequenceNotDense: "sequence-not-dense"
    case .deviceForked: "device-forked"
    case .groupIncomplete: "group-incomplete"
    case .otherDevice: "push-of-other-device"
    }
  }

  public var detail: String {
    switch self {
    case .sequenceGap(let lmid): "la modification \(lmid + 1) est attendue"
    case .sequenceNotDense: "les modifications d'un envoi se suivent sans trou"
    case .deviceForked(let seq): "la modification \(seq) est déjà connue avec un autre contenu"
    case .groupIncomplete: "un groupe de modifications voyage entier, en un seul envoi"
    case .otherDevice: "cet envoi est celui d'un autre appareil"
    }
  }
}

/// What a push holds of settled mutations, to be answered again, and of new ones, to be decided.
public struct PushPlan: Sendable {
  /// What the server stored when it settled a mutation.
  public struct Stored: Sendable, Hashable {
    public let payloadHash: [UInt8]
    public let result: MutationResult

    public init(payloadHash: [UInt8], result: MutationResult) {
      self.payloadHash = payloadHash
      self.result = result
    }
  }

  public let replays: [MutationResult]
  public let fresh: [PushRequest.Item]

  /// `stored` has the results of the push's sequences; beyond `lmid` there should be none.
  public init(
    _ request: PushRequest, from device: String, lmid: Int64, stored: [Int64: Stored]
  ) throws(PushError) {
    guard request.device == device else { throw .otherDevice }
    let items = request.items
    if let first = items.first, first.seq > lmid + 1 { throw .sequenceGap(lmid: lmid) }
    for (one, next) in zip(items, items.dropFirst()) where next.seq != one.seq + 1 {
      throw .sequenceNotDense
    }
    var replays: [MutationResult] = []
    for item in items.prefix(while: { $0.seq <= lmid }) {
      guard let settled = stored[item.seq], settled.payloadHash == item.payloadHash else {
        throw .deviceForked(seq: item.seq)
      }
      replays.append(settled.result.replayed)
    }
    self.replays = replays
    fresh = Array(items.dropFirst(replays.count))
    // Beyond the last settled one nothing may be settled: the journals of the two sides have parted.
    if let known = fresh.first(where: { stored[$0.seq] != nil }) { throw .deviceForked(seq: known.seq) }
    for run in PushPlan.runs(fresh) {
      if let group = fresh[run.lowerBound].group, run.count != group.count {
        throw .groupIncomplete(group.id)
      }
    }
  }

  /// Neighbours of one group; alone, what is of none.
  static func runs(_ items: [PushRequest.Item]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    while start < items.count {
      var end = start + 1
      if let id = items[start].group?.id {
        while end < items.count, items[end].group?.id == id { end += 1 }
      }
      runs.append(start..<end)
      start = end
    }
    return runs
  }
}

extension PushRequest.Item {
  /// Also of a mutation that cannot be read, as far as its group can.
  var group: Mutation.Group? {
    switch self {
    case .mutation(let mutation): return mutation.group
    case .malformed(_, let payload, _):
      guard let id = payload["group"]?["id"]?.string, let count = payload["group"]?["n"]?.integer,
        count > 0
      else { return nil }
      return Mutation.Group(id: id, count: Int(clamping: count))
    }
  }
}

extension PushRequest {
  /// The push in the smallest parts that can be settled one after the other: single mutations, whole
  /// groups.
  public var parts: [PushRequest] {
    PushPlan.runs(items).map { run in
      var part = self
      part.items = Array(items[run])
      return part
    }
  }
}
