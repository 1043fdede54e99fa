public import ConstatCore

/// A row as the technician sees it: the checkpoint's, with the edits that are on their way.
public struct LocalEntity: Sendable, Hashable {
  public let key: EntityKey
  public var values: [String: JSONValue]
  /// Fields whose value is the technician's own, not yet the server's.
  public var pending: Set<String> = []
  /// Pending fields that somebody else has changed meanwhile: a conflict is to be expected.
  public var contested: Set<String> = []
}

/// The local view: checkpoint ⊕ pending edits, in sequence.
public enum LocalView {
  /// The row with its pending edits; nil where there is none to show. Edits of a row that has left
  /// the device are kept in the journal, not shown.
  public static func entity(
    _ key: EntityKey, in checkpoint: Checkpoint, pending: [Mutation], ownVersions: Set<Int64> = []
  ) -> LocalEntity? {
    let row = checkpoint.entities[key]
    var view = row.map { LocalEntity(key: key, values: $0.fields) }
    for mutation in pending.lazy.map(Upcaster.current.upcast) where mutation.key == key {
      switch mutation.operation {
      case .delete: view = nil
      case .create where view == nil: view = LocalEntity(key: key, values: [:])
      default: break
      }
      guard mutation.operation != .delete, view != nil else { continue }
      for (field, mine) in mutation.set {
        let isUnknown = row.map { isUnseen($0, field, mutation, checkpoint, ownVersions) } ?? false
        show(field, mine, mutation, isUnknown, in: &view!)
      }
    }
    return view
  }

  /// All rows to show.
  public static func entities(
    in checkpoint: Checkpoint, pending: [Mutation], ownVersions: Set<Int64> = []
  ) -> [EntityKey: LocalEntity] {
    var result = checkpoint.entities.mapValues { LocalEntity(key: $0.key, values: $0.fields) }
    for (key, edits) in Dictionary(grouping: pending, by: \.key) {
      result[key] = entity(key, in: checkpoint, pending: edits, ownVersions: ownVersions)
    }
    return result
  }

  private static func show(
    _ field: String, _ mine: JSONValue, _ mutation: Mutation, _ isUnseen: Bool,
    in view: inout LocalEntity
  ) {
    let shown = view.values[field]
    if JSONValue.same(shown, mine) {
      view.values[field] = mine
      return
    }
    view.pending.insert(field)
    switch mutation.key.type.rule(of: field)?.policy {
    case .note where isUnseen:
      view.values[field] = ValueMerge.note(base: mutation.was[field], mine: mine, theirs: shown ?? .null)
    case .listItem where isUnseen:
      view.values[field] = ValueMerge.list(base: mutation.was[field], mine: mine, theirs: shown ?? .null)
    default:
      view.values[field] = mine
      if isUnseen { view.contested.insert(field) }
    }
  }

  private static func isUnseen(
    _ row: Entity, _ field: String, _ mutation: Mutation, _ checkpoint: Checkpoint,
    _ ownVersions: Set<Int64>
  ) -> Bool {
    let version = row.version(of: field)
    if mutation.base.epoch != checkpoint.base.epoch {
      return !JSONValue.same(row.fields[field], mutation.was[field])
    }
    return version > mutation.base.version && !ownVersions.contains(version)
  }
}
