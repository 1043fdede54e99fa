public import ConstatCore

/// What a vector's `${…}` stand for. `${new.NAME}` is an id drawn the first time that it is named.
public struct Variables: Sendable {
  private var values: [String: JSONValue]
  private let newID: @Sendable () -> String

  public init(_ values: [String: JSONValue], newID: @escaping @Sendable () -> String) {
    self.values = values
    self.newID = newID
  }

  public subscript(name: String) -> JSONValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The value with its variables filled in. A text that is one variable and nothing else becomes the variable's
  /// value, a number for instance; within a text it is written out.
  public mutating func filled(_ value: JSONValue) throws(VectorFault) -> JSONValue {
    switch value {
    case .string(let text):
      if text.hasPrefix("${"), text.hasSuffix("}"), text.dropFirst(2).firstIndex(of: "$") == nil {
        return try self.value(of: String(text.dropFirst(2).dropLast()))
      }
      return .string(try filled(text))
    case .array(let items):
      var filled: [JSONValue] = []
      for item in items { filled.append(try self.filled(item)) }
      return .array(filled)
    case .object(let members):
      var filled: [String: JSONValue] = [:]
      for (name, member) in members { filled[name] = try self.filled(member) }
      return .object(filled)
    default: return value
    }
  }

  public mutating func filled(_ text: String) throws(VectorFault) -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
      result += rest[..<start.lowerBound]
      let value = try value(of: String(rest[start.upperBound..<end]))
      result += value.string ?? value.description
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  private mutating func value(of name: String) throws(VectorFault) -> JSONValue {
    if let value = values[name] { return value }
    guard name.hasPrefix("new.") else { throw VectorFault(name, "no such variable") }
    let id = JSONValue.string(newID())
    values[name] = id
    return id
  }
}
