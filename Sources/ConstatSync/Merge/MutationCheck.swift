import ConstatCore

/// What can be said of a mutation without looking at its row: may a device do this at all, and
/// are the values sound.
struct MutationCheck {
  let author: Author
  let values: ValueCheck

  /// The mutation with its values in canonical form.
  func checked(_ mutation: Mutation) throws(Rejection) -> Mutation {
    let rule = mutation.key.type.rule
    switch mutation.operation {
    case .create where !rule.mayCreate, .delete where !rule.mayDelete:
      throw Rejection(.operationNotAllowed)
    case .set where !rule.type.rules.contains(where: { $0.writable == .always }):
      throw Rejection(.operationNotAllowed)
    case .delete:
      var deletion = mutation
      deletion.set = [:]
      return deletion
    default: break
    }
    var checked = mutation
    let unknown = try unknownFields(of: mutation)
    for field in unknown.keys { checked.set[field] = nil }
    try checkFields(checked)
    try checkIdentity(checked)
    do throws(FieldProblems) {
      checked.set = try values(
        mutation.key.type, mutation.operation == .create ? .creation : .patch, checked.set)
    } catch {
      throw Rejection(
        .valueInvalid,
        error.problems.map {
          FieldProblem(pointer: "/set" + $0.pointer, code: $0.code, detail: $0.detail)
        })
    }
    checked.set.merge(unknown) { known, _ in known }
    return checked
  }

  /// What a newer device writes that this code does not know: kept as it comes, within bounds.
  private func unknownFields(of mutation: Mutation) throws(Rejection) -> [String: JSONValue] {
    guard mutation.isNewer else { return [:] }
    let unknown = mutation.set.filter { mutation.key.type.rule(of: $0.key) == nil }
    let isSound = unknown.keys.allSatisfy { name in
      (1...60).contains(name.utf8.count)
        && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
    }
    let bytes = JSONValue.object(unknown).serialized()
    guard isSound, bytes.count <= SyncLimits.unknownFieldBytes,
      (try? JSONValue.parse(bytes, maxDepth: SyncLimits.unknownFieldDepth)) != nil
    else {
      throw Rejection(
        .valueInvalid,
        [
          FieldProblem(
            pointer: "/set", code: .tooLong, detail: "champs inconnus trop nombreux ou trop profonds")
        ])
    }
    return unknown
  }

  private func checkFields(_ mutation: Mutation) throws(Rejection) {
    var problems: [FieldProblem] = []
    for field in mutation.set.keys.sorted() {
      let writable = mutation.key.type.rule(of: field)?.writable
      if writable == .always || writable == .creation && mutation.operation == .create { continue }
      let code: FieldProblem.Code = writable == nil ? .unknownField : .immutableField
      problems.append(problem(field, code, "un appareil ne peut pas écrire ce champ"))
    }
    guard problems.isEmpty else { throw Rejection(.fieldNotWritable, problems) }
    for field in mutation.set.keys.sorted() {
      guard let accepts = mutation.key.type.rule(of: field)?.accepts,
        !accepts.contains(mutation.set[field]?.string ?? "")
      else { continue }
      let choices = accepts.joined(separator: ", ")
      problems.append(problem(field, .notInChoice, "un appareil n'écrit ici que : \(choices)"))
    }
    guard problems.isEmpty else { throw Rejection(.valueInvalid, problems) }
  }

  /// A new row belongs to the dossier that it was made in, a mission order to its technician.
  private func checkIdentity(_ mutation: Mutation) throws(Rejection) {
    guard mutation.operation == .create else { return }
    var problems: [FieldProblem] = []
    let type = mutation.key.type
    if let field = type.dossierField, mutation.set[field]?.string?.lowercased() != mutation.dossier {
      problems.append(problem(field, .inconsistent, "ce champ nomme le dossier de la modification"))
    }
    if type == .missionOrder {
      if mutation.key.id != mutation.dossier {
        let detail = "un ordre de mission porte l'identifiant de son dossier"
        problems.append(FieldProblem(pointer: "/id", code: .inconsistent, detail: detail))
      }
      if mutation.set["technician_id"]?.string?.lowercased() != author.technician {
        let detail = "ce champ nomme le technicien de l'appareil"
        problems.append(problem("technician_id", .inconsistent, detail))
      }
    }
    if type == .signature, SignatureImage(base64: mutation.set[SignatureImage.field]?.string ?? "") == nil {
      let detail = "une image PNG ou JPEG d'au plus 200 Kio est attendue"
      problems.append(problem(SignatureImage.field, .malformed, detail))
    }
    guard problems.isEmpty else { throw Rejection(.valueInvalid, problems) }
  }

  private func problem(
    _ field: String, _ code: FieldProblem.Code, _ detail: String
  ) -> FieldProblem {
    FieldProblem(pointer: "/set/" + field, code: code, detail: detail)
  }
}
