/// Base64 with the URL alphabet and no padding (RFC 4648 §5).
package enum Base64URL {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    var result: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        result.append(alphabet[Int(bits >> UInt32(count) & 63)])
      }
    }
    if count > 0 { result.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
    return String(decoding: result, as: UTF8.self)
  }

  package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    Base64.bytes(text) { byte in
      switch byte {
      case UInt8(ascii: "-"): 62
      case UInt8(ascii: "_"): 63
      default: nil
      }
    }
  }
}

/// Base64 with the usual alphabet, padded or not (RFC 4648 §4).
enum Base64 {
  static func bytes(_ text: String) -> [UInt8]? {
    let padding = text.utf8.suffix(2).count(where: { $0 == UInt8(ascii: "=") })
    guard padding == 0 || text.utf8.count % 4 == 0 else { return nil }
    return bytes(text.dropLast(padding)) { byte in
      switch byte {
      case UInt8(ascii: "+"): 62
      case UInt8(ascii: "/"): 63
      default: nil
      }
    }
  }

  /// Six bits per character; nil for a character outside the alphabet or a lone last one.
  static func bytes(_ text: some StringProtocol, last: (UInt8) -> UInt32?) -> [UInt8]? {
    guard text.utf8.count % 4 != 1 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for byte in text.utf8 {
      let six: UInt32
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): six = UInt32(byte - UInt8(ascii: "A"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"): six = UInt32(byte - UInt8(ascii: "a")) + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): six = UInt32(byte - UInt8(ascii: "0")) + 52
      default:
        guard let value = last(byte) else { return nil }
        six = value
      }
      bits = bits << 6 | six
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return result
  }
}
