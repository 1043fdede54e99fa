extension FieldKind {
  /// The column value, or nil after noting what is wrong.
  func check(
    _ value: JSONValue, as use: FieldSet.Use, at pointer: String, _ problems: inout [FieldProblem]
  ) -> JSONValue? {
    switch self {
    case .boolean: return check(value.bool != nil, value, "un booléen est attendu", pointer, &problems)
    case .integer(let range), .cents(let range):
      return checkInteger(value, in: range, pointer, &problems)
    case .latitude: return checkDegrees(value, limit: 90, pointer, &problems)
    case .longitude: return checkDegrees(value, limit: 180, pointer, &problems)
    case .list(let kind, let max):
      guard let elements = value.array else {
        problems.append(.wrongType(pointer, "une liste est attendue"))
        return nil
      }
      guard elements.count <= max else {
        problems.append(
          .init(pointer: pointer, code: .tooMany, detail: "au plus \(max) éléments sont acceptés"))
        return nil
      }
      let before = problems.count
      let checked = elements.enumerated().compactMap { index, element in
        kind.check(element, as: .creation, at: "\(pointer)/\(index)", &problems)
      }
      return problems.count == before ? .array(checked) : nil
    case .object(let fields):
      let before = problems.count
      let members = fields.check(value, as: use, at: pointer, &problems)
      return problems.count == before ? .object(members) : nil
    case .textMap(let maxMembers): return checkMap(value, maxMembers, pointer, &problems)
    default:
      guard let text = value.string else {
        problems.append(.wrongType(pointer, "un texte est attendu"))
        return nil
      }
      return checkText(text, pointer, &problems)
    }
  }

  private func check(
    _ isRight: Bool, _ value: JSONValue, _ detail: String, _ pointer: String,
    _ problems: inout [FieldProblem]
  ) -> JSONValue? {
    if isRight { return value }
    problems.append(.wrongType(pointer, detail))
    return nil
  }

  private func checkInteger(
    _ value: JSONValue, in range: ClosedRange<Int64>, _ pointer: String,
    _ problems: inout [FieldProblem]
  ) -> JSONValue? {
    guard let number = value.integer else {
      problems.append(.wrongType(pointer, "un nombre entier est attendu"))
      return nil
    }
    guard range.contains(number) else {
      let detail = "la valeur doit être comprise entre \(range.lowerBound) et \(range.upperBound)"
      problems.append(.init(pointer: pointer, code: .outOfRange, detail: detail))
      return nil
    }
    return value
  }

  private func checkDegrees(
    _ value: JSONValue, limit: Double, _ pointer: String, _ problems: inout [FieldProblem]
  ) -> JSONValue? {
    guard let degrees = value.double else {
      problems.append(.wrongType(pointer, "un nombre est attendu"))
      return nil
    }
    guard degrees.magnitude <= limit else {
      let detail = "la valeur doit être comprise entre -\(Int(limit)) et \(Int(limit))"
      problems.append(.init(pointer: pointer, code: .outOfRange, detail: detail))
      return nil
    }
    return value
  }

  private func checkMap(
    _ value: JSONValue, _ maxMembers: Int, _ pointer: String, _ problems: inout [FieldProblem]
  ) -> JSONValue? {
    guard let members = value.object else {
      problems.append(.wrongType(pointer, "un objet est attendu"))
      return nil
    }
    guard members.count <= maxMembers else {
      let detail = "au plus \(maxMembers) éléments sont acceptés"
      problems.append(.init(pointer: pointer, code: .tooMany, detail: detail))
      return nil
    }
    let before = problems.count
    for (key, member) in members.sorted(by: { $0.key < $1.key }) {
      let place = pointer + "/" + FieldSet.escaped(key)
      if key.unicodeScalars.count > 64 {
        problems.append(.init(pointer: place, code: .tooLong, detail: "ce nom est trop long"))
      }
      _ = FieldKind.line.check(member, as: .creation, at: place, &problems)
    }
    return problems.count == before ? value : nil
  }

  private func checkText(
    _ text: String, _ pointer: String, _ problems: inout [FieldProblem]
  ) -> JSONValue? {
    switch column(of: text) {
    case .success(let value): return value
    case .failure(let fault):
      problems.append(.init(pointer: pointer, code: fault.code, detail: fault.detail))
      return nil
    }
  }
}
