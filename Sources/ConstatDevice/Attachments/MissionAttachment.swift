public import ConstatCore
public import Foundation

/// A photo, plan or paper of a mission as the technician sees it.
public struct MissionAttachment: Sendable, Hashable, Identifiable {
  /// Where the bytes are.
  public enum Bytes: Sendable, Hashable {
    /// This device has them and the server does not: they go with `uploadAttachments`.
    case waiting(sent: Int)
    /// The server would not take them, for this reason.
    case setAside(AttachmentProblem)
    case onServer
    /// Another device has yet to send them.
    case elsewhere
  }

  public let id: String
  public let kind: Attachment.Kind
  public let fileName: String
  public let mediaType: String
  public let size: Int
  public let caption: String?
  public let diagnosticCode: String?
  public let takenAt: Instant?
  public let sha256: String
  public let bytes: Bytes
  /// The file on this device; nil where it has to be fetched (`attachmentFile`).
  public let file: URL?
}

/// Why a file was set aside.
public struct AttachmentProblem: Sendable, Hashable {
  /// Stable, in English: of the server's problem, or `file-damaged` where the device's own file is gone or altered.
  public let code: String
  /// For people, in French.
  public let title: String
}

/// What waits to be sent.
public struct AttachmentBacklog: Sendable, Hashable {
  public var count = 0
  public var bytes = 0
  /// Files that the server would not take.
  public var setAside = 0
}

/// What an upload is doing.
public struct AttachmentProgress: Sendable, Hashable {
  public let fileName: String
  public let sent: Int
  public let size: Int
  /// What waits, this file included.
  public let backlog: AttachmentBacklog
}

/// What an upload did.
public struct AttachmentReport: Sendable, Hashable {
  public internal(set) var uploaded = 0
  /// Bytes that went over the network: fewer than the files have where the server had some already.
  public internal(set) var bytesSent = 0
  public internal(set) var setAside: [String: AttachmentProblem] = [:]
  /// What is to be tried again later.
  public internal(set) var postponed = 0
}
