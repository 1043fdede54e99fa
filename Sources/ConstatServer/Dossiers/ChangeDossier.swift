import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Changes an order (DOS-34, DOS-55) and what follows from it: the place when it is attached to a building,
/// the price when something of it changed, the contact table when a role did, the validities when the
/// transaction did.
struct ChangeDossier {
  let writing: WriteCall
  let id: UUID

  func run() async throws {
    let expected = try writing.call.ifMatch()
    var values = try writing.call.fields(Dossier.fields, as: .patch)
    let store = DossierStore(writing.transaction, writing.organization)
    guard let current = try await store.current(id) else { throw Problem.notFound }
    try await complete(&values, current)
    try await ProposeChange(writing).divide(&values, of: .dossier, id, in: id)
    try await RowStore(transaction: writing.transaction).update("dossier", id: id, expected: expected, values)
    let after = current.merging(values) { $1 }
    try await AlignContacts(
      transaction: writing.transaction, organization: writing.organization, newID: writing.call.clock.newID
    ).run(id, before: current, after: after)
    if after["transaction_type"] != current["transaction_type"] {
      try await DiagnosticStore(writing.transaction, writing.organization).refreshValidities(of: id)
    }
  }

  private func complete(_ values: inout [String: JSONValue], _ current: [String: JSONValue]) async throws {
    let organization = writing.organization
    let isMoved = values["building_id"] != nil || values["module_id"] != nil
    guard isMoved || PriceOrder.isTouched(by: values) else { return }
    // Another building leaves the module of the former behind.
    if values["building_id"] != nil, values["module_id"] == nil,
      values["building_id"] != current["building_id"]
    {
      values["module_id"] = .null
    }
    let merged = current.merging(values) { $1 }
    let module = OpenDossier.uuid(merged["module_id"])
    // A module given alone names its building.
    let building =
      values["building_id"] == nil && module != nil && values["module_id"] != nil
      ? nil : OpenDossier.uuid(merged["building_id"])
    let prescriber = Dossier.effectivePrescriber(
      prescriber: OpenDossier.uuid(merged["prescriber_id"]), owner: OpenDossier.uuid(merged["owner_id"]))
    let results = try await writing.transaction.pipeline(
      [
        DossierStore.place(organization, building: building, module: module),
        DossierStore.diagnosticCodes(organization, id),
      ]
        + PriceGround.queries(
          organization, list: OpenDossier.uuid(merged["price_list_id"]), prescriber: prescriber))
    if isMoved {
      try DossierPlace(results[0], building: building, module: module)?.fill(&values, facts: false)
    }
    let price = try PriceOrder(
      given: values, current: current,
      codes: Set(try results[1].map { try $0.get("code", as: String.self) }),
      facts: DossierFacts(columns: merged),
      ground: PriceGround(results: results[2...])
    ).columns()
    if let price { values.merge(price) { $1 } }
  }
}
