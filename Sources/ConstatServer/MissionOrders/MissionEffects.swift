public import ConstatCore
public import Foundation

/// Makes a file of a part of the mission order. An installation without one lets editions wait, queued, until a worker
/// has one.
public protocol MissionRenderer: Sendable {
  /// `drawings`: the signatures that the content names, by the SHA-256 of their bytes in hexadecimal. The same
  /// arguments give the same bytes.
  func render(_ part: MissionOrderPart, _ content: JSONValue, drawings: [String: [UInt8]]) async throws
    -> (bytes: [UInt8], mediaType: String)
}

/// Sends mail. An installation without one lets deliveries wait until a worker has one.
public protocol MailTransport: Sendable {
  /// May be called again with the same message after a crash: `id` is the same then, and is to become the message's own.
  func send(_ mail: OutgoingMail) async throws
}

/// A message with one file, as yet without words: which it is tells `kind`.
public struct OutgoingMail: Sendable, Hashable {
  public let id: UUID
  public let recipient: String
  public let kind: MissionDelivery.Kind
  public let dossierNumber: Int64
  public let fileName: String
  public let mediaType: String
  public let file: [UInt8]
}
