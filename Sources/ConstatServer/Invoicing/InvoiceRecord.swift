import ConstatCore
import ConstatLedger
import Foundation
import Postgres

/// An issued invoice or credit note as it stands in its rows, from which its seal can be made again at any
/// time.
struct InvoiceRecord {
  let id: UUID
  let kind: Invoice.Kind
  let company: UUID
  let dossier: UUID?
  let payerID: UUID
  let corrected: UUID?
  let number: String
  let series: String
  let sequence: Int64
  let issuedOn: Day
  let issuedAt: Instant
  let dueOn: Day
  let serviceOn: Day?
  let comment: String?
  let currency: String
  /// Tax excluded, VAT, tax included, as the document states them.
  let amounts: [Int64]
  let seller: [String: String]
  let payer: [String: String]
  let lines: [PricedInvoiceLine]
  let totals: VATTotals
  let instalments: [Instalment]

  /// What the chain seals of it: all that is frozen at issue.
  var sealed: ChainContent {
    var attributes: [String: String] = [
      "id": id.uuidString.lowercased(), "sequence": String(sequence), "issued_at": issuedAt.description,
      "due_on": dueOn.description, "service_on": serviceOn?.description ?? "",
      "dossier_id": dossier?.uuidString.lowercased() ?? "", "payer_id": payerID.uuidString.lowercased(),
      "corrected_invoice_id": corrected?.uuidString.lowercased() ?? "", "comment": comment ?? "",
      "currency": currency, "amounts": amounts.map(String.init).joined(separator: " "),
    ]
    for (name, value) in seller { attributes["seller.\(name)"] = value }
    for (name, value) in payer { attributes["payer.\(name)"] = value }
    for (index, instalment) in instalments.enumerated() {
      attributes["instalment.\(index + 1)"] = "\(instalment.dueOn) \(instalment.amount.cents)"
    }
    let address = ["street", "address_complement", "postcode", "city", "country"].compactMap { payer[$0] }
    return ChainContent(
      kind: kind == .invoice ? .invoice : .creditNote, company: company.uuidString.lowercased(),
      series: series,
      number: number, day: issuedOn,
      party: .init(
        reference: payer["auxiliary"] ?? "", name: payer["name"] ?? "",
        address: address.joined(separator: " ")),
      lines: lines.map { line in
        .init(
          reference: line.reference ?? "", label: line.designation, quantity: line.quantity,
          unitPrice: line.unitPriceExclTax, discount: line.discountRate, rate: line.vatRate,
          amount: line.totalExclTax)
      },
      totals: totals, amount: Money(cents: amounts.last ?? 0), attributes: attributes)
  }
}

/// What a document holds besides its own row: read for a draft that is issued, and for a seal that is
/// verified.
struct InvoiceParts {
  let lines: [PricedInvoiceLine]
  let totals: VATTotals
  let instalments: [Instalment]

  /// From the results of ``InvoiceStore/parts(_:_:)``.
  init(_ results: some RandomAccessCollection<QueryResult>) throws {
    let results = Array(results)
    lines = try results[0].map { row in
      PricedInvoiceLine(
        reference: try row.get("reference"), designation: try row.get("designation"),
        quantity: Quantity(tenThousandths: try row.get("quantity_ten_thousandths")),
        unitPriceExclTax: Money(cents: try row.get("unit_price_excl_tax_cents")),
        discountRate: Rate(hundredths: try row.get("discount_rate")),
        vatRate: Rate(hundredths: try row.get("vat_rate")),
        totalExclTax: Money(cents: try row.get("total_excl_tax_cents")))
    }
    totals = VATTotals(
      try results[1].map { row in
        VATShare(
          rate: Rate(hundredths: try row.get("vat_rate")), net: Money(cents: try row.get("base_cents")),
          tax: Money(cents: try row.get("vat_cents")))
      })
    instalments = try results[2].map { row in
      Instalment(dueOn: try row.get("due_on"), amount: Money(cents: try row.get("amount_cents")))
    }
  }
}

extension InvoiceRecord {
  /// The row of an issued document; `parts` come from statements of their own.
  init(row: Row, parts: InvoiceParts) throws {
    self.init(
      id: try row.get("id"), kind: Invoice.Kind(rawValue: try row.get("kind")) ?? .invoice,
      company: try row.get("company_id"), dossier: try row.get("dossier_id"),
      payerID: try row.get("payer_id"),
      corrected: try row.get("corrected_invoice_id"), number: try row.get("number"),
      series: try row.get("series"),
      sequence: try row.get("sequence"), issuedOn: try row.get("issued_on"),
      issuedAt: try row.get("issued_at"),
      dueOn: try row.get("due_on"), serviceOn: try row.get("service_on"), comment: try row.get("comment"),
      currency: try row.get("currency"),
      amounts: [
        try row.get("total_excl_tax_cents"), try row.get("total_vat_cents"),
        try row.get("total_incl_tax_cents"),
      ],
      seller: try InvoiceRecord.members(row.get("seller")),
      payer: try InvoiceRecord.members(row.get("payer")),
      lines: parts.lines, totals: parts.totals, instalments: parts.instalments)
  }

  /// The text members of a snapshot.
  static func members(_ text: String) throws -> [String: String] {
    (try JSONValue.parse(Array(text.utf8)).object ?? [:]).compactMapValues(\.string)
  }
}
