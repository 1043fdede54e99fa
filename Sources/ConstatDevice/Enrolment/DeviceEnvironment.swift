public import ConstatCore
public import ConstatSync
import Foundation

/// What the SDK takes from the world around it, so that tests can decide it: the time of day and fresh ids.
public struct DeviceEnvironment: Sendable {
  public var now: @Sendable () -> Instant
  /// A UUID in lower case, never given before.
  public var newID: @Sendable () -> String

  /// Rows asked for in one page: fewer come through a worse network.
  public var pageEvents: Int

  public init(
    now: @escaping @Sendable () -> Instant, newID: @escaping @Sendable () -> String,
    pageEvents: Int = SyncLimits.pageEvents
  ) {
    self.now = now
    self.newID = newID
    self.pageEvents = pageEvents
  }

  /// The system's clock, and UUIDv7 (RFC 9562), which sort by the time that they were drawn at.
  public static let system = DeviceEnvironment(now: systemNow, newID: { uuid7(at: systemNow()) })

  private static func systemNow() -> Instant {
    Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }

  private static func uuid7(at now: Instant) -> String {
    let milliseconds = UInt64(max(0, now.microseconds / 1000))
    let (one, other) = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
    let high = milliseconds << 16 | 0x7000 | one & 0x0FFF
    let low = 0x8000_0000_0000_0000 | other & 0x3FFF_FFFF_FFFF_FFFF
    let digits = Array(hexadecimal(high) + hexadecimal(low))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.utf8.count) + text
  }
}
