public import ConstatCore

/// `POST /v1/sync/push`: the device's oldest unanswered mutations, in sequence.
public struct PushRequest: Sendable, Hashable {
  /// A mutation as it arrived. One that cannot be read does not stop the others: it is answered
  /// `rejected`, and kept.
  public enum Item: Sendable, Hashable {
    case mutation(Mutation)
    case malformed(seq: Int64, payload: JSONValue, FieldProblems)

    public var seq: Int64 {
      switch self {
      case .mutation(let mutation): mutation.seq
      case .malformed(let seq, _, _): seq
      }
    }

    /// The JSON to keep.
    public var payload: JSONValue {
      switch self {
      case .mutation(let mutation): mutation.json
      case .malformed(_, let payload, _): payload
      }
    }

    /// The canonical JSON of the payload: the same bytes for the same content.
    public var canonical: [UInt8] { payload.serialized() }

    public var payloadHash: [UInt8] { Mutation.payloadHash(ofCanonical: canonical) }
  }

  public var device: String
  public var items: [Item]
  public var report: DeviceReport

  public init(device: String, mutations: [Mutation], report: DeviceReport = DeviceReport()) {
    self.device = device
    self.report = report
    items = mutations.map(Item.mutation)
  }

  /// Refuses the whole only where nothing can be answered per mutation: no list, no sequence, or
  /// too many.
  public init(json: JSONValue) throws(FieldProblems) {
    let reader = try WireReader(json)
    device = try reader.uuid("device")
    report = try DeviceReport(reader)
    let mutations = try reader.array("mutations")
    guard mutations.count <= SyncLimits.pushMutations else {
      let detail = "au plus \(SyncLimits.pushMutations) modifications sont acceptées"
      throw FieldProblems("/mutations", .tooMany, detail)
    }
    var items: [Item] = []
    items.reserveCapacity(mutations.count)
    for (index, value) in mutations.enumerated() {
      let pointer = "/mutations/\(index)"
      let seq = try WireReader(value, at: pointer).count("seq")
      do throws(FieldProblems) {
        items.append(.mutation(try Mutation(json: value, at: pointer)))
      } catch {
        items.append(.malformed(seq: seq, payload: value, error))
      }
    }
    self.items = items
  }

  public var json: JSONValue {
    let members: [String: JSONValue] = [
      "device": .string(device), "mutations": .array(items.map(\.payload)),
    ]
    return .object(members.merging(report.members) { $1 })
  }
}
