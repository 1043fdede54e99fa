/// The text that a hash is taken over: every field by name, with the length of its value in
/// UTF-8 bytes, then the value as it is stored (no Unicode normalisation). The lengths make it
/// unambiguous: no content can imitate another by holding separators. A person can read it.
struct CanonicalText {
  private(set) var text = ""

  mutating func field(_ name: StaticString, _ value: some StringProtocol) {
    text += "\(name)=\(value.utf8.count):\(value)\n"
  }

  mutating func field(_ name: StaticString, _ value: some BinaryInteger) {
    field(name, String(value))
  }

  /// A list: how many, then each item's fields in order.
  mutating func list<Item>(
    _ name: StaticString, _ items: [Item], each: (inout CanonicalText, Item) -> Void
  ) {
    field(name, items.count)
    for item in items { each(&self, item) }
  }

  /// The first fields of a canonical text, by name, as far as it is well-formed.
  static func read(_ text: String, first count: Int) -> [String: String] {
    var fields: [String: String] = [:]
    var rest = Substring(text).utf8
    for _ in 0..<count {
      guard let equals = rest.firstIndex(of: UInt8(ascii: "=")),
        let colon = rest[equals...].firstIndex(of: UInt8(ascii: ":")),
        let length = Int(Substring(rest[rest.index(after: equals)..<colon])), length >= 0,
        let end = rest.index(rest.index(after: colon), offsetBy: length, limitedBy: rest.endIndex),
        end < rest.endIndex
      else { break }
      let name = String(Substring(rest[..<equals]))
      fields[name] = String(Substring(rest[rest.index(after: colon)..<end]))
      rest = rest[rest.index(after: end)...]
    }
    return fields
  }
}
