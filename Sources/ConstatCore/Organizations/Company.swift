/// A legal entity that issues invoices; an organization with several sites may have several.
public enum Company {
  /// When the tax becomes due on services: on collection, or on invoices for those who opted
  /// ("d'après les débits", CGI 269).
  public enum VATPoint: String, Sendable, Hashable, Codable, CaseIterable {
    case collection
    case debit
  }

  /// When cheques move from 5112 to the bank account.
  public enum ChequeBankEntry: String, Sendable, Hashable, Codable, CaseIterable {
    case slipClosure = "slip_closure"
    case bankCredit = "bank_credit"
  }

  /// `chart_of_accounts` replaces default accounts by the company's own, event by event. The
  /// number prefixes hold only until the first issue (INV-04).
  public static let fields =
    FieldSet([
      .id, .required("name", .requiredLine), .required("siren", .siren), .optional("siret", .siret),
      .optional("vat_number", .vatNumber),
    ]) + .address
    + FieldSet([
      .defaulted("country", .country),
      .optional("iban", .iban), .optional("bic", .bic), .defaulted("vat_point", .choice(VATPoint.self)),
      .defaulted("cheque_bank_entry_at", .choice(ChequeBankEntry.self)),
      .defaulted("payment_term_days", .integer(0...120)),
      .defaulted("fiscal_year_end", .dayOfYear),
      .defaulted("invoice_prefix", .text(min: 1, max: 10)),
      .defaulted("credit_note_prefix", .text(min: 1, max: 10)),
      .defaulted("chart_of_accounts", .textMap(maxMembers: 100)),
    ])
}
