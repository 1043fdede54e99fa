import ConstatCore
import ConstatServer
import NIOHTTP1
import Seeds

/// What the office does with money and with signed orders.
extension OfficeDesk {
  /// Issues the invoice of a dossier's price.
  func invoice(_ dossier: String) async throws {
    let draft = try await made("/v1/invoices", ["dossier_id": .string(dossier)])
    let issued = try await call(.POST, "/v1/invoices/\(draft)/issuance", [:])
    expect(issued, [], "issuance")
    if issued.status == 200 { tally.add("invoices issued") }
  }

  /// Records a transfer of all that the dossier costs; false where that was not possible.
  func receive(_ dossier: String) async throws -> Bool {
    let now = try await call(.GET, "/v1/dossiers/\(dossier)")
    guard now.status == 200, let cents = now.json["price_incl_tax_cents"]?.integer else {
      expect(now, [], "GET dossier")
      return false
    }
    let draft = draft()
    let answer = try await call(
      .POST, "/v1/payments",
      [
        "dossier_id": .string(dossier), "means": "transfer", "amount_cents": .integer(cents),
        "reference": .string(draft.token),
        "received_on": .string(Zone.paris.day(of: WallClock.system.now()).description),
      ])
    guard answer.status == 201 else {
      expect(answer, [409, 422], "POST payments")
      return false
    }
    keep(draft, .creation)
    payments.append(TakenPayment(token: draft.token, means: .transfer, cents: cents))
    return true
  }

  /// Types into observed fields of an order that both parties have signed, as far as the server has heard.
  func changeSigned(_ dossier: String) async throws {
    for field in ["street", "door"] {
      let draft = draft()
      let after = try await change("/v1/dossiers/\(dossier)", draft, .set) { _ in
        [field: .string(draft.token)]
      }
      if let after, after[field]?.string != draft.token { tally.add(.signedEdits) }
    }
  }

  /// Accepts or refuses for a technician who cannot be asked, or thinks better of it.
  func decideProposal() async throws {
    let open = try await call(.GET, "/v1/proposals?state=open&limit=50").json["items"]?.array ?? []
    guard !open.isEmpty, let id = random.pick(open)["id"]?.string else { return }
    let word = random.pick(["acceptance", "refusal", "withdrawal"])
    let answer = try await call(.POST, "/v1/proposals/\(id)/\(word)", [:])
    if answer.status == 200 { tally.add("proposals decided") } else { expect(answer, [409], word) }
  }
}
