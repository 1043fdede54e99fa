public import ConstatCore

/// Compares an answer with what a vector expects of it. An object must have the members that are listed, and may have
/// more; a list must have as many items, in their order; everything else is equal, or fits one of the matchers.
public enum Expectation {
  /// The first difference, by JSON pointer; nil where there is none. `actual` is nil for a missing member.
  public static func difference(
    _ expected: JSONValue, _ actual: JSONValue?, at pointer: String = ""
  ) -> String? {
    if let text = expected.string, text.hasPrefix("@") { return word(text, actual, pointer) }
    if let members = expected.object, members.count == 1, let (name, argument) = members.first,
      name.hasPrefix("@")
    {
      return matcher(name, argument, actual, pointer)
    }
    guard let actual else { return "\(place(pointer)) is missing, expected \(brief(expected))" }
    switch (expected, actual) {
    case (.object(let wanted), .object(let members)):
      for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
        if let found = difference(value, members[name], at: pointer + "/" + escaped(name)) { return found }
      }
      return nil
    case (.array(let wanted), .array(let items)):
      for (index, value) in wanted.enumerated() where index < items.count {
        if let found = difference(value, items[index], at: "\(pointer)/\(index)") { return found }
      }
      guard wanted.count == items.count else {
        return "\(place(pointer)) has \(items.count) items, expected \(wanted.count)"
      }
      return nil
    default:
      return expected == actual
        ? nil : "\(place(pointer)) is \(brief(actual)), expected \(brief(expected))"
    }
  }

  /// Matchers of one word.
  private static func word(_ word: String, _ actual: JSONValue?, _ pointer: String) -> String? {
    let fits: Bool =
      switch (word, actual) {
      case ("@absent", let value): value == nil
      case (_, nil): false
      case ("@any", _): true
      case ("@string", .string), ("@integer", .integer), ("@boolean", .bool), ("@object", .object): true
      case ("@uuid", .string(let text)): isUUID(text)
      case ("@instant", .string(let text)): Instant(text) != nil
      case ("@cursor", .string(let text)): (1...512).contains(text.utf8.count)
      default: false
      }
    return fits ? nil : "\(place(pointer)) is \(brief(actual)), expected \(word)"
  }

  /// Matchers with an argument.
  private static func matcher(
    _ name: String, _ argument: JSONValue, _ actual: JSONValue?, _ pointer: String
  ) -> String? {
    let items = actual?.array ?? []
    switch name {
    case "@contains":
      guard actual?.array != nil else { return "\(place(pointer)) is \(brief(actual)), expected a list" }
      for wanted in argument.array ?? [] where !items.contains(where: { difference(wanted, $0) == nil }) {
        return "\(place(pointer)) has no item like \(brief(wanted)) among its \(items.count)"
      }
      return nil
    case "@lacks":
      guard actual?.array != nil else { return "\(place(pointer)) is \(brief(actual)), expected a list" }
      for unwanted in argument.array ?? [] {
        if let index = items.firstIndex(where: { difference(unwanted, $0) == nil }) {
          return "\(place(pointer))/\(index) is like \(brief(unwanted)), which must not be there"
        }
      }
      return nil
    case "@above", "@least":
      let bound = argument.integer ?? .max
      if let number = actual?.integer, name == "@above" ? number > bound : number >= bound { return nil }
      return
        "\(place(pointer)) is \(brief(actual)), expected \(name == "@above" ? "more than" : "at least") \(bound)"
    case "@only":
      let extra = Set(actual?.object?.keys.map { $0 } ?? []).subtracting(
        argument.object?.keys.map { $0 } ?? [])
      if let stray = extra.sorted().first { return "\(pointer)/\(escaped(stray)) must not be there" }
      return difference(argument, actual, at: pointer)
    case "@not":
      guard difference(argument, actual) == nil else { return nil }
      return "\(place(pointer)) is \(brief(actual)), which it must not be"
    default: return "no matcher is named \(name)"
    }
  }

  private static func isUUID(_ text: String) -> Bool {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    return groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && groups.joined().utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }

  private static func place(_ pointer: String) -> String { pointer.isEmpty ? "the whole" : pointer }

  private static func escaped(_ member: String) -> String {
    member.replacing("~", with: "~0").replacing("/", with: "~1")
  }

  private static func brief(_ value: JSONValue?) -> String {
    guard let value else { return "missing" }
    let text = value.description
    return text.count > 160 ? text.prefix(160) + "…" : text
  }
}

extension JSONValue {
  /// The value at a JSON pointer (RFC 6901); nil where there is none.
  public func at(_ pointer: String) -> JSONValue? {
    var value = self
    for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let name = part.replacing("~1", with: "/").replacing("~0", with: "~")
      switch value {
      case .object(let members):
        guard let member = members[String(name)] else { return nil }
        value = member
      case .array(let items):
        guard let index = Int(name), items.indices.contains(index) else { return nil }
        value = items[index]
      default: return nil
      }
    }
    return value
  }
}
