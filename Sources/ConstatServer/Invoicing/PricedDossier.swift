import ConstatCore
import Foundation
import Postgres

/// What a dossier says of its own invoice.
struct PricedDossier: RowDecodable {
  let payer: UUID?
  /// One line that comes to the dossier's price to the cent; none where it has no price yet.
  let lines: [InvoiceLine]

  init(row: Row) throws {
    payer = try row.get("payer_id")
    guard let price: Int64 = try row.get("price_incl_tax_cents") else {
      lines = []
      return
    }
    let discount: Discount? =
      switch Discount.Kind(rawValue: try row.get("discount_kind", as: String?.self) ?? "") {
      case .rate: .rate(Rate(hundredths: try row.get("discount_rate", as: Int?.self) ?? 0))
      case .amount: .amount(Money(cents: try row.get("discount_cents", as: Int64?.self) ?? 0))
      case nil: nil
      }
    let rate = Rate(hundredths: try row.get("vat_rate", as: Int?.self) ?? Rate.normal.hundredths)
    let gross = Money(cents: try row.get("gross_incl_tax_cents", as: Int64?.self) ?? price)
    let stated = try? DossierPrice(
      mode: PriceMode(rawValue: try row.get("price_mode", as: String?.self) ?? "") ?? .manual, gross: gross,
      estimatedMinutes: nil, vatRate: rate, discount: discount)
    let asked = Money(cents: price)
    let number: Int64 = try row.get("number")
    let diagnostics: String? = try row.get("diagnostics")
    let designation = ["Diagnostics immobiliers", diagnostics].compactMap(\.self).joined(separator: " : ")
    let reference = "Dossier \(number)"
    if let stated, stated.inclTax == asked {
      lines = [.mission(stated, designation: String(designation.prefix(500)), reference: reference)]
    } else {
      lines = [
        InvoiceLine(
          reference: reference, designation: String(designation.prefix(500)), unitPrice: .inclTax(asked),
          vatRate: rate)
      ]
    }
  }
}
