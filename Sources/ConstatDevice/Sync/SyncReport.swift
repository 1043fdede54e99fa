public import ConstatSync

/// What a sync is doing.
public enum SyncProgress: Sendable, Hashable {
  /// Edits answered so far, of those that were waiting.
  case pushing(answered: Int, of: Int)
  /// Pages and events received so far; nothing of them shows yet.
  case pulling(pages: Int, events: Int)
  /// All pages are in and show.
  case finished
}

/// What a sync did.
public struct SyncReport: Sendable, Hashable {
  /// The answers to the edits sent, in their order.
  public internal(set) var results: [MutationResult] = []
  public internal(set) var pages = 0
  public internal(set) var events = 0
  /// The version that the device now shows.
  public internal(set) var version: Int64 = 0
  /// Of the comparison with the server, where there was one: once a day, or on request.
  public internal(set) var verification: Verification?
  /// True where the device was revoked: all was sent, then all was wiped.
  public internal(set) var isWiped = false

  public var conflicts: [String] { results.flatMap(\.conflicts) }
  public func count(_ status: MutationStatus) -> Int { results.count { $0.status == status } }
}

/// Why a sync did not come to its end. Nothing typed is ever lost by it; but for the last four, syncing again later
/// is all there is to do.
public enum SyncError: Error, Sendable, Hashable {
  /// No answer came. What was sent is sent again next time, byte for byte, and counts once.
  case offline(String)
  /// The server cannot answer now.
  case serverBusy(status: Int, retryAfterSeconds: Int?)
  /// Something that is not what a Constat server says: a captive portal, perhaps.
  case unreadableAnswer(String)
  /// A refusal that this version of the SDK has no remedy for.
  case refused(ServerProblem)
  /// The secret is not accepted: `FieldDevice.enrolAgain`.
  case signInRefused
  /// The device was revoked while edits could not be sent; they are kept, and can be exported.
  case revoked
  /// This file is not the only one of its device, or the server misses more than its journal still holds:
  /// `FieldDevice.enrolAgain` brings what was not answered under a new identity.
  case enrolmentNeeded
  /// The server no longer speaks this version of the protocol: the app is to be updated. Edits are still sent.
  case updateNeeded
}
