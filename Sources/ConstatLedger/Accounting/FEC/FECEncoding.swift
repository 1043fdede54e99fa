import Foundation

/// The two encodings of text files for accountants: UTF-8, or ISO-8859-15, which holds all of
/// French and the euro sign in one byte each and which older software expects.
public enum FECEncoding: String, CaseIterable, Hashable, Sendable, Codable {
  case utf8 = "UTF-8"
  case latin9 = "ISO-8859-15"

  /// The bytes of the text. What ISO-8859-15 lacks is written with what is nearest (’ as ',
  /// ț as t), and otherwise as `?`: a name from afar never stops an export.
  public func encode(_ text: String) -> [UInt8] {
    switch self {
    case .utf8: Array(text.utf8)
    case .latin9: text.precomposedStringWithCanonicalMapping.flatMap(Latin9.bytes(of:))
    }
  }

  /// The text of the bytes; nil when they are not of this encoding. Bytes 0x80 to 0x9F are
  /// controls in ISO-8859-15: where they stand, the file is in a Windows code page.
  public func decode(_ bytes: some Collection<UInt8>) -> String? {
    switch self {
    case .utf8: String(validating: bytes, as: UTF8.self)
    case .latin9: Latin9.text(of: bytes)
    }
  }
}

/// The table of ISO-8859-15: Latin-1 with eight characters replaced.
private enum Latin9 {
  private static let replacements: [UInt8: Unicode.Scalar] = [
    0xA4: "€", 0xA6: "Š", 0xA8: "š", 0xB4: "Ž", 0xB8: "ž", 0xBC: "Œ", 0xBD: "œ", 0xBE: "Ÿ",
  ]
  private static let byScalar: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: replacements.map { ($1, $0) })
  private static let nearest: [Unicode.Scalar: String] = [
    "’": "'", "‘": "'", "‚": ",", "“": "''", "”": "''", "„": "''", "–": "-", "—": "-", "‐": "-",
    "‑": "-", "−": "-", "…": "...", "•": "-", "\u{202F}": " ", "\u{2009}": " ", "\u{2007}": " ",
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "₂": "2",
    "ﬁ": "fi", "ﬂ": "fl", "≥": ">=", "≤": "<=", "→": "->",
  ]

  static func bytes(of character: Character) -> [UInt8] {
    let exact = character.unicodeScalars.map(byte(of:))
    let known = exact.compactMap(\.self)
    if known.count == exact.count { return known }
    let scalars = String(character).decomposedStringWithCanonicalMapping.unicodeScalars
    guard let base = scalars.first else { return [] }
    if let near = nearest[base] { return Array(near.utf8) }
    guard let byte = byte(of: base), scalars.dropFirst().allSatisfy(\.properties.isGraphemeExtend)
    else { return [UInt8(ascii: "?")] }
    return [byte]
  }

  static func text(of bytes: some Collection<UInt8>) -> String? {
    var text = String.UnicodeScalarView()
    for byte in bytes {
      guard !(0x7F...0x9F).contains(byte) else { return nil }
      text.append(replacements[byte] ?? Unicode.Scalar(byte))
    }
    return String(text)
  }

  private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    if let byte = byScalar[scalar] { return byte }
    guard scalar.value < 256, !(0x7F...0x9F).contains(scalar.value) else { return nil }
    let byte = UInt8(scalar.value)
    return replacements[byte] == nil ? byte : nil
  }
}
