/// The shapes of short texts that fields accept, byte by byte: no regular expression, whose cost
/// an attacker could choose.
enum TextShape {
  /// 8-4-4-4-12 hexadecimal digits, any version.
  static func isUUID(_ text: String) -> Bool {
    guard text.utf8.count == 36 else { return false }
    return text.utf8.enumerated().allSatisfy { index, byte in
      switch index {
      case 8, 13, 18, 23: byte == UInt8(ascii: "-")
      default: isHexadecimal(byte)
      }
    }
  }

  static func isHexadecimal(_ text: String, count: Int) -> Bool {
    text.utf8.count == count && text.utf8.allSatisfy(isHexadecimal)
  }

  /// At most 255 scalars, of which some show; nothing that a file system or a header would take for a path or a line.
  static func isFileName(_ text: String) -> Bool {
    let scalars = text.unicodeScalars
    return text.utf8.count <= 1020 && scalars.count <= 255 && text != "." && text != ".."
      && scalars.contains { !$0.properties.isWhitespace }
      && !scalars.contains { $0.value < 0x20 || $0.value == 0x7F || $0 == "/" || $0 == "\\" }
  }

  /// `local@domain`, at most 254 characters, no space or control; the domain of letters, digits,
  /// hyphens and dots, none of them doubled. Whether mail arrives is for the mail server to say.
  static func isEmail(_ text: String) -> Bool {
    guard text.utf8.count <= 254 else { return false }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].utf8.count), !parts[1].isEmpty else {
      return false
    }
    let isPrintable = parts[0].unicodeScalars.allSatisfy {
      $0.value > 0x20 && $0.value != 0x7F && !$0.properties.isWhitespace
    }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return isPrintable
      && labels.allSatisfy { label in
        !label.isEmpty && label.first != "-" && label.last != "-"
          && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
      }
  }

  /// 4 to 20 digits with the usual separators and an optional leading `+`.
  static func isPhone(_ text: String) -> Bool {
    guard text.utf8.count <= 32 else { return false }
    let body = text.utf8.first == UInt8(ascii: "+") ? text.utf8.dropFirst() : text.utf8[...]
    let digits = body.count(where: isDigit)
    return (4...20).contains(digits)
      && body.allSatisfy { isDigit($0) || " ().-/".utf8.contains($0) }
  }

  /// 2 to 12 characters of A-Z, 0-9, space and hyphen: foreign owners have foreign postcodes.
  static func isPostcode(_ text: String) -> Bool {
    (2...12).contains(text.utf8.count)
      && text.utf8.allSatisfy { isDigit($0) || isUpper($0) || $0 == 0x20 || $0 == 0x2D }
  }

  /// Two characters of department (2A and 2B in Corsica), three digits.
  static func isINSEECode(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 5, isDigit(bytes[0]), bytes[2...].allSatisfy(isDigit) else { return false }
    return isDigit(bytes[1])
      || (bytes[0] == UInt8(ascii: "2") && (bytes[1] == UInt8(ascii: "A") || bytes[1] == UInt8(ascii: "B")))
  }

  static func isCode(_ text: String) -> Bool {
    (2...40).contains(text.utf8.count)
      && text.utf8.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") }
  }

  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
  static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }
}
