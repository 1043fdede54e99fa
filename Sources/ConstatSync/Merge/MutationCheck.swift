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
    try checkFields(mutation)
    try checkIdentity(mutation)
    var checked = mutation
    do throws(FieldProblems) {
      checked.set = try values(
        mutation.key.type, mutation.operation == .create ? .creation : .patch, mutation.set)
    } catch {
      throw Rejection(
        .valueInvalid,
        error.problems.map {
          FieldProblem(pointer: "/set" + $0.pointer, code: $0.code, detail: $0.detail)
        })
    }
    return checked
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
