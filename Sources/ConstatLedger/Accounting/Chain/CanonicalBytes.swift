/// The bytes that a hash is taken over: every field by name, with the length of its value in
/// UTF-8 bytes, then the value as it is stored (no Unicode normalisation). The lengths make it
/// unambiguous: no content can imitate another by holding separators. A person can read it.
struct CanonicalBytes {
  private(set) var bytes: [UInt8] = []

  mutating func field(_ name: StaticString, _ value: some StringProtocol) {
    append(name)
    bytes.append(UInt8(ascii: "="))
    bytes.append(contentsOf: String(value.utf8.count).utf8)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(contentsOf: value.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  mutating func field(_ name: StaticString, _ value: some BinaryInteger) {
    field(name, String(value))
  }

  /// A list: how many, then each item's fields in order.
  mutating func list<Item>(
    _ name: StaticString, _ items: [Item], each: (inout CanonicalBytes, Item) -> Void
  ) {
    field(name, items.count)
    for item in items { each(&self, item) }
  }

  private mutating func append(_ name: StaticString) {
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }
}
