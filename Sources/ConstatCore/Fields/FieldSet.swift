/// The fields that a caller may write on one noun, stated once for REST bodies, for the devices'
/// mutations and for the contract.
public struct FieldSet: Sendable, Hashable {
  public let fields: [Field]
  private let byName: [String: Field]

  /// What a body is for: a creation needs the required fields, a patch takes any.
  public enum Use: Sendable, Hashable {
    case creation
    case patch
  }

  /// Names are unique: of two fields with one name the later stands, in the earlier's place.
  public init(_ fields: [Field]) {
    var byName: [String: Field] = [:]
    var names: [String] = []
    for field in fields {
      if byName.updateValue(field, forKey: field.name) == nil { names.append(field.name) }
    }
    self.byName = byName
    self.fields = names.compactMap { byName[$0] }
  }

  public subscript(name: String) -> Field? { byName[name] }

  /// The columns in the order of the fields.
  public var columns: [String] { fields.map(\.column) }

  public static func + (left: FieldSet, right: FieldSet) -> FieldSet {
    FieldSet(left.fields + right.fields)
  }

  public func without(_ names: String...) -> FieldSet {
    FieldSet(fields.filter { !names.contains($0.name) })
  }

  public func only(_ names: String...) -> FieldSet {
    FieldSet(fields.filter { names.contains($0.name) })
  }

  /// The column values that the body asks for, keyed by column; null empties a column. Nothing
  /// is filled in: what the body leaves out is not in the result. Refuses with all problems.
  public func checked(
    _ body: JSONValue, as use: Use, at pointer: String = ""
  ) throws(FieldProblems) -> [String: JSONValue] {
    var problems: [FieldProblem] = []
    let columns = check(body, as: use, at: pointer, &problems)
    guard problems.isEmpty else { throw FieldProblems(problems) }
    return columns
  }

  func check(
    _ body: JSONValue, as use: Use, at pointer: String, _ problems: inout [FieldProblem]
  ) -> [String: JSONValue] {
    guard case .object(let members) = body else {
      problems.append(.wrongType(pointer, "un objet est attendu"))
      return [:]
    }
    var columns: [String: JSONValue] = [:]
    for field in fields {
      let place = pointer + "/" + field.name
      guard let value = members[field.name] else {
        if use == .creation, field.isRequired {
          problems.append(.init(pointer: place, code: .required, detail: "ce champ est obligatoire"))
        }
        continue
      }
      if use == .patch, field.writable == .creation {
        problems.append(
          .init(pointer: place, code: .immutableField, detail: "ce champ ne se modifie pas"))
      } else if value.isNull {
        if field.isNullable {
          columns[field.column] = .null
        } else {
          problems.append(.init(pointer: place, code: .null, detail: "ce champ ne peut être vide"))
        }
      } else if let column = field.kind.check(value, as: use, at: place, &problems) {
        columns[field.column] = column
      }
    }
    for name in members.keys.sorted() where byName[name] == nil {
      let place = pointer + "/" + FieldSet.escaped(name)
      problems.append(.init(pointer: place, code: .unknownField, detail: "ce champ est inconnu"))
    }
    return columns
  }

  /// What the wire shows for column values, the inverse of `checked`: columns that are not in
  /// the set pass unchanged.
  public func wire(_ columns: [String: JSONValue]) -> [String: JSONValue] {
    var result = columns
    for field in fields {
      guard let value = result.removeValue(forKey: field.column) else { continue }
      result[field.name] = field.kind.wire(value)
    }
    return result
  }

  /// A member name inside a JSON pointer (RFC 6901).
  static func escaped(_ name: String) -> String {
    var result = ""
    for character in name {
      switch character {
      case "~": result += "~0"
      case "/": result += "~1"
      default: result.append(character)
      }
    }
    return result
  }
}

extension FieldProblem {
  static func wrongType(_ pointer: String, _ detail: String) -> FieldProblem {
    FieldProblem(pointer: pointer, code: .wrongType, detail: detail)
  }
}
