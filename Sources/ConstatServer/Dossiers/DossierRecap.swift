import ConstatCore
import Foundation
import Postgres

/// What the dossier's header recaps (MIS-29): which pieces of the contract are signed, where the money stands, and which
/// parts of the mission order are to be had (MIS-01). Computed from a row of `DossierStore.one`.
struct DossierRecap {
  /// When the mission order was signed is told to who reads the field return; that it was, to all (IDN-11).
  let seesTimes: Bool

  init(for profiles: Set<Profile>) { seesTimes = profiles.readsFieldReturn }

  func members(_ row: Row) throws -> [(name: String, value: JSONValue)] {
    let contract = try Self.contract(row)
    let facts = try MissionPartStore.facts(row)
    let status = DossierPaymentStatus(
      invoices: try row.get("invoice_count"), instalments: try row.get("instalment_count"),
      settled: try row.get("settled_instalment_count"), isPaidOnSite: facts.isPaidOnSite)
    let signatures = Document.ContractPiece.allCases.map {
      ($0.rawValue, JSONValue.string(contract.state(of: $0).rawValue))
    }
    let times = try ["mission_order_finalised_at", "technician_signed_at", "ordering_party_signed_at"].map {
      name in
      let instant = seesTimes ? try row.get("_" + name, as: Instant?.self) : nil
      return (name: name, value: JSONValue(instant?.description))
    }
    return times + [
      ("signatures", .object(Dictionary(uniqueKeysWithValues: signatures))),
      ("payment_status", .string(status.rawValue)),
      (
        "mission_order_parts",
        .array(MissionOrderPart.available(facts).map { .string($0.rawValue) })
      ),
    ]
  }

  private static func contract(_ row: Row) throws -> DossierContract {
    var signers: Set<Signature.Signer> = []
    if !row.isNull("_technician_signed_at") { signers.insert(.technician) }
    if !row.isNull("_ordering_party_signed_at") { signers.insert(.orderingParty) }
    return DossierContract(
      quoteSignedOn: try row.get("quote_signed_on", as: Day?.self),
      ademeFormSignedOn: try row.get("ademe_form_signed_on", as: Day?.self),
      signers: signers, isOrderFinalised: !row.isNull("_mission_order_finalised_at"))
  }
}
