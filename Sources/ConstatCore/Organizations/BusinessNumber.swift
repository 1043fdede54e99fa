/// The numbers by which companies and bank accounts are known, and their check digits.
public enum BusinessNumber {
  /// What is wrong with a number.
  public enum Fault: Error, Hashable, Sendable {
    case malformed
    case checkDigits
  }

  /// Nine digits with a Luhn key.
  public static func fault(siren text: String) -> Fault? {
    guard text.utf8.count == 9, text.utf8.allSatisfy(TextShape.isDigit) else { return .malformed }
    return luhnSum(text).isMultiple(of: 10) ? nil : .checkDigits
  }

  /// Fourteen digits: a SIREN, then the establishment, Luhn over all. The establishments of La
  /// Poste (SIREN 356000000) outgrew the key: theirs have a plain sum of digits divisible by 5.
  public static func fault(siret text: String) -> Fault? {
    guard text.utf8.count == 14, text.utf8.allSatisfy(TextShape.isDigit) else { return .malformed }
    if luhnSum(text).isMultiple(of: 10) { return nil }
    let digitSum = text.utf8.reduce(0) { $0 + Int($1 - 0x30) }
    return text.hasPrefix("356000000") && digitSum.isMultiple(of: 5) ? nil : .checkDigits
  }

  /// `FR`, a key of two characters, a SIREN; a numeric key is (12 + 3 × (SIREN mod 97)) mod 97.
  /// Numbers of other states are only held to their shape.
  public static func fault(vatNumber text: String) -> Fault? {
    let bytes = Array(text.utf8)
    guard (4...14).contains(bytes.count), bytes[..<2].allSatisfy(TextShape.isUpper),
      bytes[2...].allSatisfy({ TextShape.isDigit($0) || TextShape.isUpper($0) })
    else { return .malformed }
    guard text.hasPrefix("FR") else { return nil }
    let siren = String(text.dropFirst(4))
    guard bytes.count == 13, fault(siren: siren) != .malformed else { return .malformed }
    guard fault(siren: siren) == nil else { return .checkDigits }
    guard let key = Int(text.dropFirst(2).prefix(2)) else { return nil }
    return key == vatKey(siren: siren) ? nil : .checkDigits
  }

  /// The French VAT number of a SIREN that has one.
  public static func vatNumber(siren: String) -> String? {
    guard fault(siren: siren) == nil, let key = vatKey(siren: siren) else { return nil }
    return "FR" + key.padded(2) + siren
  }

  /// ISO 13616: country, key, account, without spaces; the account rearranged and read in
  /// base 36 leaves 1 modulo 97. A French account is of 27 characters.
  public static func fault(iban text: String) -> Fault? {
    let bytes = Array(text.utf8)
    guard (15...34).contains(bytes.count), bytes[..<2].allSatisfy(TextShape.isUpper),
      bytes[2..<4].allSatisfy(TextShape.isDigit),
      bytes[4...].allSatisfy({ TextShape.isDigit($0) || TextShape.isUpper($0) }),
      !text.hasPrefix("FR") || bytes.count == 27
    else { return .malformed }
    var remainder = 0
    for byte in bytes[4...] + bytes[..<4] {
      remainder =
        TextShape.isDigit(byte)
        ? (remainder * 10 + Int(byte - 0x30)) % 97 : (remainder * 100 + Int(byte - 0x37)) % 97
    }
    return remainder == 1 ? nil : .checkDigits
  }

  /// ISO 9362: 8 or 11 characters.
  public static func fault(bic text: String) -> Fault? {
    let bytes = Array(text.utf8)
    guard bytes.count == 8 || bytes.count == 11, bytes[..<6].allSatisfy(TextShape.isUpper),
      bytes[6...].allSatisfy({ TextShape.isDigit($0) || TextShape.isUpper($0) })
    else { return .malformed }
    return nil
  }

  private static func vatKey(siren: String) -> Int? {
    Int(siren).map { (12 + 3 * ($0 % 97)) % 97 }
  }

  /// Every second digit from the right counts double, its digits summed.
  private static func luhnSum(_ digits: String) -> Int {
    digits.utf8.reversed().enumerated().reduce(0) { sum, digit in
      let value = Int(digit.element - 0x30) * (digit.offset.isMultiple(of: 2) ? 1 : 2)
      return sum + (value > 9 ? value - 9 : value)
    }
  }
}
