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

  package static func bytes(_ text: some StringProtocol) -> [UInt8]? { Base64.bytes(text, values) }

  private static let values = Base64.values(62, UInt8(ascii: "-"), 63, UInt8(ascii: "_"))
}

/// Base64 with the usual alphabet, padded or not (RFC 4648 §4).
enum Base64 {
  static func bytes(_ text: String) -> [UInt8]? {
    let padding = text.utf8.suffix(2).count(where: { $0 == UInt8(ascii: "=") })
    guard padding == 0 || text.utf8.count % 4 == 0 else { return nil }
    return bytes(text.dropLast(padding), values)
  }

  private static let values = values(62, UInt8(ascii: "+"), 63, UInt8(ascii: "/"))

  /// What each byte stands for; 255: nothing.
  fileprivate static func values(_ last: UInt8...) -> [UInt8] {
    var values = [UInt8](repeating: 255, count: 256)
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
    values[Int(last[1])] = last[0]
    values[Int(last[3])] = last[2]
    return values
  }

  /// Six bits per character; nil for a character outside the alphabet or a lone last one.
  fileprivate static func bytes(_ text: some StringProtocol, _ values: [UInt8]) -> [UInt8]? {
    let text = Array(text.utf8)
    guard text.count % 4 != 1 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(text.count * 3 / 4)
    var bits: UInt32 = 0
    var count = 0
    for byte in text {
      let six = values[Int(byte)]
      guard six < 64 else { return nil }
      bits = bits << 6 | UInt32(six)
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return result
  }
}
