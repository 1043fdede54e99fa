public import ConstatCore

/// One step of the wire's schema: how a mutation that was written in one becomes a mutation of the next.
public struct SchemaStep: Sendable {
  /// The schema that it leads from; it leads to the next.
  public let from: Int
  /// Types whose rows show otherwise since, or that devices of the former pass over: a device that takes the step is
  /// sent them again.
  public let changed: Set<EntityType>
  /// What changed, for the documentation.
  public let summary: String
  let apply: @Sendable (inout Mutation) -> Void

  public init(
    from: Int, changed: Set<EntityType>, summary: String, apply: @escaping @Sendable (inout Mutation) -> Void
  ) {
    self.from = from
    self.changed = changed
    self.summary = summary
    self.apply = apply
  }
}

extension SchemaStep {
  /// All steps, from the eldest schema that a push may still be in. None is ever taken out: edits may lie for years on
  /// a phone in a drawer.
  public static let table: [SchemaStep] = [
    SchemaStep(
      from: 1, changed: [.signature, .attachment, .fieldProposal],
      summary: """
        a `signature` says in which capacity its signer signed (`signer_capacity`); `attachment` and `field_proposal` are new
        """
    ) { mutation in
      guard mutation.key.type == .signature, mutation.operation == .create,
        mutation.set["signer_capacity"] == nil
      else { return }
      let isTechnician = mutation.set["signer"]?.string == Signature.Signer.technician.rawValue
      let capacity: Signature.Capacity = isTechnician ? .technician : .unspecified
      mutation.set["signer_capacity"] = .string(capacity.rawValue)
    },
    SchemaStep(
      // No dossier had the new fields when this server learned them: a row without them is as one that has them empty.
      from: 2, changed: [.organization],
      summary: """
        `organization` is new; a `dossier` says when the quote and the ADEME form were signed (`quote_signed_on`, \
        `ademe_form_signed_on`)
        """
    ) { _ in },
    SchemaStep(from: 3, changed: [.parkedEdit], summary: "`parked_edit` is new") { _ in },
  ]
}

/// Brings mutations of every age into the schema that the rules are written in. What a device sent is stored as it
/// came: it is known again by its content.
public struct Upcaster: Sendable {
  public static let current = Upcaster(steps: SchemaStep.table)

  private let steps: [SchemaStep]
  /// The schema that the last step leads to.
  public let schema: Int

  /// The steps follow each other without gap.
  public init(steps: [SchemaStep]) {
    self.steps = steps
    schema = steps.last.map { $0.from + 1 } ?? SchemaRange.current.maximum
  }

  /// The mutation as a device of this schema would have written it. One that is newer stays as it is.
  public func upcast(_ mutation: Mutation) -> Mutation {
    guard mutation.schema < schema else { return mutation }
    var mutation = mutation
    for step in steps where step.from >= mutation.schema { step.apply(&mutation) }
    mutation.schema = schema
    return mutation
  }

  /// Whether a device that was told in one schema has to be told again, from nothing, to show another.
  public func needsAll(from old: Int, to new: Int) -> Bool {
    !changed(from: min(old, new), to: max(old, new)).isEmpty
  }

  /// The types whose rows show otherwise in the present schema than in the one given. A device of the elder holds them
  /// as they were when they came, before the server learned the present one or after: nobody can say which.
  public func changed(since old: Int) -> Set<EntityType> { changed(from: old, to: schema) }

  private func changed(from low: Int, to high: Int) -> Set<EntityType> {
    steps.lazy.filter { $0.from >= low && $0.from < high }.reduce(into: []) { $0.formUnion($1.changed) }
  }
}

extension Mutation {
  /// The field under its later name, with its value in its later form; for steps that rename or split one.
  public mutating func replace(_ field: String, with later: (JSONValue) -> [String: JSONValue]) {
    if let value = set.removeValue(forKey: field) { set.merge(later(value)) { given, _ in given } }
    if let value = was.removeValue(forKey: field) { was.merge(later(value)) { given, _ in given } }
  }

  /// Written by a device that knows more than this code.
  var isNewer: Bool { schema > SchemaRange.current.maximum }
}
