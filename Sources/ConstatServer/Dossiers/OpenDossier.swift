import ConstatCore
import Foundation
import Postgres

/// Opens a dossier from an order (DOS-33, DOS-52, DOS-53): its number, default reference, place, price,
/// status, diagnostics, outbuildings and contacts, in one transaction.
struct OpenDossier {
  let writing: WriteCall

  /// The dossier's own fields, what comes with it, and the status where it is not the default one: complete
  /// orders without quote nor appointment are to quote (AMB-14), quick ones are visited (AMB-11); an order
  /// that was agreed is given as `to_schedule` (AMB-15).
  static let fields =
    Dossier.fields
    + FieldSet([
      .defaulted("diagnostics", .list(of: .code, max: 40)),
      .defaulted(
        "outbuildings", .list(of: .object(Outbuilding.fields.only("kind", "lot_number", "comment")), max: 50)),
      .defaulted("status", .choice(DossierStatus.self)), .optional("cancellation_reason", .line),
    ])

  /// The dossier's id, and whether it is new: the same order sent again opens nothing.
  func run() async throws -> (id: UUID, isNew: Bool) {
    var values = try writing.call.fields(Self.fields, as: .creation)
    let codes = Self.distinct(values.removeValue(forKey: "diagnostics"))
    let outbuildings = values.removeValue(forKey: "outbuildings")?.array?.compactMap(\.object) ?? []
    // A dossier that has moved on since is still the one that was ordered.
    let given = values.filter { $0.key != "status" && $0.key != "cancellation_reason" }
    let rows = RowStore(transaction: writing.transaction)
    let id = Self.uuid(values["id"]) ?? writing.call.clock.newID()
    if values["id"] != nil, try await rows.exists("dossier", id: id) {
      return try await repeated(id, given, rows)
    }
    try await complete(&values, codes: codes)
    values["created_by"] = .string(writing.principal.actor)
    let number = try await writing.transaction.value(Int64.self, DossierStore.nextNumber)
    values["number"] = JSONValue(number)
    guard try await rows.insert("dossier", organization: writing.organization, id: id, values) else {
      // Somebody opened it meanwhile: begun anew, it is found before a number is taken, which would be missing.
      try await rows.startAgain()
      throw Problem.idTaken
    }
    try await add(codes, outbuildings, to: id)
    try await AlignContacts(
      transaction: writing.transaction, organization: writing.organization, newID: writing.call.clock.newID
    ).run(id, before: [:], after: values)
    return (id, true)
  }

  private func repeated(_ id: UUID, _ given: [String: JSONValue], _ rows: RowStore) async throws -> (
    UUID, Bool
  ) {
    guard try await rows.matches("dossier", id: id, given) else { throw Problem.idTaken }
    return (id, false)
  }

  /// Adds to the order what follows from it.
  private func complete(_ values: inout [String: JSONValue], codes: [String]) async throws {
    let organization = writing.organization
    let (building, module) = (Self.uuid(values["building_id"]), Self.uuid(values["module_id"]))
    let owner = Self.uuid(values["owner_id"])
    let prescriber = Dossier.effectivePrescriber(prescriber: Self.uuid(values["prescriber_id"]), owner: owner)
    let results = try await writing.transaction.pipeline(
      [
        DossierStore.place(organization, building: building, module: module),
        DossierStore.person(organization, owner), PriceListStore.unknownCodes(organization, codes),
      ] + PriceGround.queries(organization, list: Self.uuid(values["price_list_id"]), prescriber: prescriber))
    if let code: String = try results[2].first?.get("code") {
      throw Problem.field("/diagnostics", "not-found", "le diagnostic \(code) n'est pas au catalogue")
    }
    try DossierPlace(results[0], building: building, module: module)?.fill(&values, facts: true)
    try DossierPlace(person: results[1], roles: values)?.fill(&values, facts: false)
    if values["internal_reference"] == nil, let row = results[1].first {
      let name = ContactName(
        companyName: try row.get("company_name"), lastName: try row.get("last_name"),
        firstName: try row.get("first_name"))
      values["internal_reference"] = JSONValue(Dossier.defaultReference(owner: name))
    }
    let price = try PriceOrder(
      given: values, current: [:], codes: Set(codes), facts: DossierFacts(columns: values),
      ground: PriceGround(results: results[3...])
    ).columns()
    if let price { values.merge(price) { $1 } }
    if values["status"] == nil { values["status"] = .string(Self.initialStatus(values).rawValue) }
    if values["status"]?.string != DossierStatus.cancelled.rawValue { values["cancellation_reason"] = nil }
  }

  private static func initialStatus(_ values: [String: JSONValue]) -> DossierStatus {
    values["creation_mode"]?.string == Dossier.CreationMode.quick.rawValue
      ? .visited : DossierStatus.initial(after: .savedWithoutQuote)
  }

  private func add(_ codes: [String], _ outbuildings: [[String: JSONValue]], to id: UUID) async throws {
    let newID = writing.call.clock.newID
    try await DiagnosticStore(writing.transaction, writing.organization)
      .add(codes.map { (newID(), $0) }, source: .office, to: id)
    _ = try await writing.transaction.pipeline(
      outbuildings.map { OutbuildingStore.insert(writing.organization, newID(), into: id, $0) })
  }

  static func uuid(_ value: JSONValue?) -> UUID? { value?.string.flatMap(UUID.init(uuidString:)) }

  /// The codes in the order given, each once.
  private static func distinct(_ value: JSONValue?) -> [String] {
    var seen: Set<String> = []
    return (value?.array?.compactMap(\.string) ?? []).filter { seen.insert($0).inserted }
  }
}
