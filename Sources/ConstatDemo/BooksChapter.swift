import ConstatCore
import ConstatLedger
import Foundation

/// Chapter 4: the invoice and its hash, the cheque and its slip, a credit note, the accountant's files.
struct BooksChapter {
  let stage: Stage
  let order: Order

  func play() async throws -> String {
    let compta = try await stage.signIn(stage.cast.accountant)
    let invoice = try await invoice(compta)
    let slip = try await settle(compta, invoice)
    try await correct(compta)
    try await pull(compta)
    stage.step("Books", "invoice \(invoice["number"].string ?? "") settled, slip \(slip) closed")
    return invoice.id
  }

  private func invoice(_ compta: String) async throws -> Stage.Answer {
    let draft = try await stage.post(
      "/v1/invoices", compta, ["dossier_id": .string(order.dossier)], step: "draft invoice")
    let issued = try await stage.post("/v1/invoices/\(draft.id)/issuance", compta, step: "issuance")
    try stage.expect(
      issued["status"] == "issued" && issued["number"].string?.isEmpty == false
        && issued["total_incl_tax_cents"].integer == order.price, "issued for the price agreed", issued.text)
    let frozen = try await stage.call(
      "PATCH", "/v1/invoices/\(draft.id)", compta, ["comment": "trop tard"],
      ["if-match": "*", "content-type": "application/merge-patch+json"])
    try stage.expect(
      frozen.status == 409, "an issued invoice never changes", "\(frozen.status) \(frozen.text)")
    stage.step(
      "Invoice \(issued["number"].string ?? "") issued",
      "\(Money(cents: order.price).decimalComma) € TTC, frozen and chained")
    return issued
  }

  private func settle(_ compta: String, _ invoice: Stage.Answer) async throws -> String {
    let payments = try await stage.get("/v1/payments?dossier_id=\(order.dossier)", compta).items
    guard let cheque = payments.first, let payment = cheque["id"]?.string, cheque["means"] == "cheque",
      cheque["source"] == "field"
    else { throw Story.Departure(step: "the cheque taken on site", detail: "\(payments)") }
    _ = try await stage.post(
      "/v1/payments/\(payment)/allocations", compta, ["invoice_id": .string(invoice.id)], step: "allocation")
    let settled = try await stage.get("/v1/invoices/\(invoice.id)", compta)
    try stage.expect(
      settled["remaining_due_cents"] == 0 && settled["settled"] == true, "the cheque settles the invoice",
      settled.text)
    stage.step("The cheque of the cellar", "settles the invoice's instalment")
    let instalment = settled["instalments"].array?.first?["id"]?.string ?? ""
    let slip = try await stage.post(
      "/v1/deposit-slips", compta, ["means": "cheque", "bank": "Crédit Agricole Bayonne"],
      step: "deposit slip")
    _ = try await stage.post(
      "/v1/deposit-slips/\(slip.id)/instalments", compta, ["instalment_id": .string(instalment)],
      step: "cheque on the slip")
    let closed = try await stage.post("/v1/deposit-slips/\(slip.id)/closure", compta, step: "closure")
    try stage.expect(
      closed["status"] == "closed" && closed["total_cents"].integer == order.price, "the slip is closed",
      closed.text)
    stage.step("Deposit slip \(closed["number"].string ?? "")", "one cheque, closed")
    return closed["number"].string ?? ""
  }

  /// A second invoice, then the credit note that corrects it.
  private func correct(_ compta: String) async throws {
    let draft = try await stage.post(
      "/v1/invoices", compta,
      [
        "payer_id": .string(order.payer),
        "lines": [
          [
            "designation": "Déplacement supplémentaire", "unit_price_excl_tax_cents": 4500, "quantity": "1",
            "vat_rate": "20",
          ]
        ],
      ], step: "second invoice")
    let second = try await stage.post("/v1/invoices/\(draft.id)/issuance", compta, step: "second issuance")
    let note = try await stage.post(
      "/v1/credit-notes", compta, ["corrected_invoice_id": .string(second.id)], step: "credit note")
    let issued = try await stage.post(
      "/v1/invoices/\(note.id)/issuance", compta, step: "credit note's issuance")
    let corrected = try await stage.get("/v1/invoices/\(second.id)", compta)
    try stage.expect(
      issued["kind"] == "credit_note" && corrected["remaining_due_cents"] == 0,
      "the credit note corrects the invoice",
      "\(issued.text) \(corrected.text)")
    stage.step(
      "Credit note \(issued["number"].string ?? "")", "corrects invoice \(second["number"].string ?? "")")
  }

  private func pull(_ compta: String) async throws {
    let admin = try await stage.signIn(stage.cast.admin)
    let made = try await stage.post(
      "/v1/api-tokens", admin, ["name": "Logiciel comptable", "scopes": ["invoices:read", "exports:read"]],
      step: "API token")
    let token = made["token"].string ?? ""
    let today = Zone.paris.day(of: Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)))
    let period = "from=\(today.year)-01-01&to=\(today.year)-12-31"
    let csv = try await stage.get("/v1/exports/invoices_csv?\(period)", token)
    try stage.expect(
      csv.status == 200 && csv.text.split(whereSeparator: \.isNewline).count >= 4, "invoices as CSV",
      "\(csv.status) \(csv.text.prefix(300))")
    let fec = try await stage.get("/v1/exports/fec?\(period)", token)
    try stage.expect(fec.status == 200, "FEC of the period", "\(fec.status) \(fec.text.prefix(300))")
    var validator = FECValidator()
    validator.isPartOfYear = true
    let findings = validator.validate(fec.body)
    try stage.expect(findings.isEmpty, "the FEC is accepted by the strict validator", "\(findings.prefix(5))")
    let refused = try await stage.get("/v1/contacts", token)
    try stage.expect(refused.status == 403, "the token's scopes end there", "\(refused.status)")
    stage.step(
      "The accountant's software pulls",
      "CSV and a FEC of \(fec.text.split(whereSeparator: \.isNewline).count - 1) lines, found sound")
  }
}
