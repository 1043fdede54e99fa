import ConstatCore
import ConstatSync

/// One dossier, one technician with a device, one colleague with another, one office.
enum MergeFixture {
  static let dossier = "00000000-0000-7000-8000-0000000000d1"
  static let contact = "00000000-0000-7000-8000-0000000000c1"
  static let outbuilding = "00000000-0000-7000-8000-0000000000b1"
  static let device = "00000000-0000-7000-8000-0000000000a1"
  static let colleague = "00000000-0000-7000-8000-0000000000a2"
  static let technician = "00000000-0000-7000-8000-0000000000e1"
  static let author = Author(device: device, technician: technician)
  static let server = ServerPosition(epoch: "e1", version: 100)
  static let office = Writer(actor: "user:marie", device: nil)

  static func mutation(
    _ set: [String: JSONValue], was: [String: JSONValue]? = nil, base: Int64 = 10, epoch: String = "e1",
    seq: Int64 = 1, operation: Mutation.Operation = .set, key: EntityKey = EntityKey(.dossier, dossier)
  ) -> Mutation {
    Mutation(
      seq: seq, hlc: "001763769600000-0000-\(device)", base: .init(epoch: epoch, version: base),
      key: key, operation: operation, dossier: dossier, set: set,
      was: was ?? (operation == .set ? set.mapValues { _ in .null } : [:]))
  }

  /// A row of which the fields named were written at the version given.
  static func state(
    _ values: [String: JSONValue], written: [String: Int64] = [:], by writer: Writer = office,
    born: Int64 = 5, isDeleted: Bool = false, key: EntityKey = EntityKey(.dossier, dossier)
  ) -> EntityState {
    let version = max(written.values.max() ?? born, isDeleted ? 50 : born)
    return EntityState(
      key: key, values: values, version: version, born: born,
      fieldVersions: isDeleted ? [:] : written, isDeleted: isDeleted,
      writers: Dictionary(
        (Array(written.values) + [version]).map { ($0, writer) }, uniquingKeysWith: { $1 }
      ).merging([born: office]) { one, _ in one })
  }

  static func decide(
    _ mutation: Mutation, on state: EntityState?, server: ServerPosition = server,
    open: [ConflictRecord] = []
  ) -> MergeOutcome {
    Merge.decide(
      mutation, on: state, by: author, at: server,
      openConflicts: Dictionary(uniqueKeysWithValues: open.map { ($0.field, $0) }))
  }
}
