public import ConstatCore
public import ConstatSync

/// Something that the technician must be told: what became of an edit that was not simply applied, or of a mission.
public struct InboxItem: Sendable, Hashable, Identifiable {
  public enum Kind: Sendable, Hashable {
    /// The server refused an edit and keeps its content; nothing of it is live.
    case rejected(Rejection)
    /// An edit came too late; the office has it, and may apply it.
    case parked(ParkReason)
    /// An edit met somebody else's; both values are kept in these conflicts until the office decides.
    case conflicted([String])
    /// The mission is no longer on this device. So many of its edits were still waiting to be sent; they are sent.
    case missionLeft(LeaveReason, waiting: Int)
    /// What the device held of these types of row was not what the server has; all rows were received anew. Edits that
    /// wait are as they were.
    case stateDiffered([String])
  }

  public let id: Int64
  public let at: Instant
  public let kind: Kind
  /// The dossier concerned; nil where all are.
  public let mission: String?
  /// The mission in a few words, also where it is gone: number, street, town.
  public let missionLabel: String
  /// The edit; nil for a mission that left.
  public let mutation: Mutation?
}
