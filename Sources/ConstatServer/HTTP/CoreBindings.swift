public import ConstatCore
import Foundation
public import Postgres

/// Days and instants of Core as PostgreSQL's `date` and `timestamptz`, both to the microsecond.

extension Day: SQLEncodable {
  public var binding: Binding { Binding(text: description) }
}

extension Day: SQLDecodable {
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    guard let day = Day(String(decoding: text, as: UTF8.self)) else { throw UnreadableTime() }
    self = day
  }
}

extension Instant: SQLEncodable {
  public static var sqlType: SQLType { .timestamptz }
  public var binding: Binding { Binding(text: description, as: .timestamptz) }
}

extension Instant: SQLDecodable {
  /// `2026-11-21 22:04:57.5+00`: sessions run in UTC.
  public init(text: UnsafeBufferPointer<UInt8>) throws {
    var value = Array(text)
    guard value.count >= 22, value.suffix(3).elementsEqual("+00".utf8) else { throw UnreadableTime() }
    value[10] = UInt8(ascii: "T")
    value.removeLast(3)
    value.append(UInt8(ascii: "Z"))
    guard let instant = Instant(String(decoding: value, as: UTF8.self)) else { throw UnreadableTime() }
    self = instant
  }
}

extension DiagnosticOutcome: SQLDecodable {}
extension DossierStatus: SQLDecodable {}
extension HalfDay: SQLDecodable {}
extension PriceListLine.Kind: SQLDecodable {}
extension PropertyType: SQLDecodable {}
extension TransactionType: SQLDecodable {}

/// A column holds no day or instant of years 1 to 9999.
struct UnreadableTime: Error {}
