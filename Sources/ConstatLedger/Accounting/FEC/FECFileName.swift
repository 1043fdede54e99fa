public import ConstatCore

/// The name of a FEC: SIREN, "FEC", closing day. The closing day and not today's, and the SIREN
/// overseas as well: both have been got wrong by others.
public struct FECFileName: Hashable, Sendable {
  /// Nine digits.
  public let siren: String
  public let closing: Day

  /// Nil when the SIREN is not nine digits.
  public init?(siren: String, closing: Day) {
    guard siren.utf8.count == 9, siren.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    self.siren = siren
    self.closing = closing
  }

  /// Reads a file's name, with or without extension and with `_1`, `_2` of a split file.
  public init?(parsing name: some StringProtocol) {
    let stem = name.prefix { $0 != "." }
    guard stem.utf8.count >= 20, stem.dropFirst(9).hasPrefix("FEC") else { return nil }
    let rest = stem.dropFirst(12)
    guard let closing = Day(compact: rest.prefix(8)) else { return nil }
    let part = rest.dropFirst(8)
    let isPart = part.first == "_" && part.count > 1 && part.dropFirst().allSatisfy(\.isNumber)
    guard part.isEmpty || isPart else { return nil }
    self.init(siren: String(stem.prefix(9)), closing: closing)
  }

  /// "732829320FEC20261231.txt"
  public var text: String { siren + "FEC" + closing.compact + ".txt" }
}
