import ConstatCore

/// Reads the members of one JSON object and says where the first fault is.
struct WireReader {
  let members: [String: JSONValue]
  let pointer: String

  init(_ value: JSONValue, at pointer: String = "") throws(FieldProblems) {
    guard case .object(let members) = value else {
      throw FieldProblems(pointer, .wrongType, "un objet est attendu")
    }
    self.members = members
    self.pointer = pointer
  }

  /// Missing members and nulls are the same on this wire.
  subscript(name: String) -> JSONValue? {
    guard let value = members[name], !value.isNull else { return nil }
    return value
  }

  /// Asked by name, since `== nil` could mean JSON's null.
  func has(_ name: String) -> Bool { if case .some = self[name] { true } else { false } }

  func required(_ name: String) throws(FieldProblems) -> JSONValue {
    guard let value = self[name] else {
      throw FieldProblems(place(name), .required, "ce champ est obligatoire")
    }
    return value
  }

  func string(_ name: String) throws(FieldProblems) -> String {
    try read(name, try required(name).string, "un texte est attendu")
  }

  func optionalString(_ name: String) throws(FieldProblems) -> String? {
    has(name) ? try string(name) : nil
  }

  /// A non-negative integer: versions, sequences, counts.
  func count(_ name: String) throws(FieldProblems) -> Int64 {
    let number = try read(name, try required(name).integer, "un nombre entier est attendu")
    guard number >= 0 else {
      throw FieldProblems(place(name), .outOfRange, "un nombre positif est attendu")
    }
    return number
  }

  func optionalCount(_ name: String) throws(FieldProblems) -> Int64? {
    has(name) ? try count(name) : nil
  }

  func bool(_ name: String, default missing: Bool) throws(FieldProblems) -> Bool {
    guard let value = self[name] else { return missing }
    return try read(name, value.bool, "un booléen est attendu")
  }

  func array(_ name: String) throws(FieldProblems) -> [JSONValue] {
    try read(name, try required(name).array, "une liste est attendue")
  }

  func object(_ name: String) throws(FieldProblems) -> [String: JSONValue] {
    try read(name, try required(name).object, "un objet est attendu")
  }

  func optionalObject(_ name: String) throws(FieldProblems) -> [String: JSONValue] {
    has(name) ? try object(name) : [:]
  }

  func uuid(_ name: String) throws(FieldProblems) -> String {
    try read(name, UUIDText.canonical(try string(name)), "un UUID est attendu", .malformed)
  }

  func instant(_ name: String) throws(FieldProblems) -> Instant {
    try read(name, Instant(try string(name)), "une date RFC 3339 est attendue", .malformedInstant)
  }

  func choice<Choice: RawRepresentable<String>>(
    _ name: String, of type: Choice.Type
  ) throws(FieldProblems) -> Choice {
    try read(name, Choice(rawValue: try string(name)), "cette valeur est inconnue", .notInChoice)
  }

  func place(_ name: String) -> String { pointer + "/" + name }

  private func read<Value>(
    _ name: String, _ value: Value?, _ detail: String, _ code: FieldProblem.Code = .wrongType
  ) throws(FieldProblems) -> Value {
    guard let value else { throw FieldProblems(place(name), code, detail) }
    return value
  }
}

/// The text form of a UUID.
enum UUIDText {
  /// In lower case, or nil where the text is none.
  static func canonical(_ text: String) -> String? {
    var isLower = true
    var index = 0
    for byte in text.utf8 {
      switch (index, byte) {
      case (8, UInt8(ascii: "-")), (13, UInt8(ascii: "-")), (18, UInt8(ascii: "-")),
        (23, UInt8(ascii: "-")):
        break
      case (8, _), (13, _), (18, _), (23, _): return nil
      case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")): break
      case (_, UInt8(ascii: "A")...UInt8(ascii: "F")): isLower = false
      default: return nil
      }
      index += 1
    }
    guard index == 36 else { return nil }
    return isLower ? text : text.lowercased()
  }
}
