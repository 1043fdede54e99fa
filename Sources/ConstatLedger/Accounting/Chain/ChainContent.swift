public import ConstatCore

/// The frozen content of a document as the chain seals it. It is rebuilt from the document's
/// own rows when the chain is verified, so that a change to any of them shows: nothing that may
/// change after issue (what is paid, whether it was sent) belongs here.
public struct ChainContent: Hashable, Sendable {
  /// The events that the law wants unalterable (CGI 286-I-3° bis), all in one chain.
  public enum Kind: String, CaseIterable, Hashable, Sendable, Codable {
    case invoice
    case creditNote = "credit_note"
    case payment
    case reversal
    case depositSlip = "deposit_slip"
  }

  /// Who owes or pays, as printed on the document.
  public struct Party: Hashable, Sendable {
    public let reference: String
    public let name: String
    public let address: String

    public init(reference: String, name: String, address: String) {
      self.reference = reference
      self.name = name
      self.address = address
    }
  }

  /// A line as frozen: of an invoice or a credit note; of a payment, each document that it
  /// settles; of a slip, each payment on it.
  public struct Line: Hashable, Sendable {
    public let reference: String
    public let label: String
    public let quantity: Quantity
    public let unitPrice: Money
    public let discount: Rate
    public let rate: Rate
    public let amount: Money

    public init(
      reference: String, label: String, quantity: Quantity = .one, unitPrice: Money? = nil,
      discount: Rate = .zero, rate: Rate = .zero, amount: Money
    ) {
      self.reference = reference
      self.label = label
      self.quantity = quantity
      self.unitPrice = unitPrice ?? amount
      self.discount = discount
      self.rate = rate
      self.amount = amount
    }
  }

  public let kind: Kind
  /// The legal entity that issues.
  public let company: String
  public let series: String
  public let number: String
  public let day: Day
  public let party: Party?
  public let lines: [Line]
  public let totals: VATTotals
  /// The total tax included; of a payment or a slip, the money.
  public let amount: Money
  /// Whatever else is frozen, by name: due day, instalments, tender, cheque number, corrected
  /// invoice, mentions. Hashed in the byte order of the names.
  public let attributes: [String: String]

  public init(
    kind: Kind, company: String, series: String, number: String, day: Day, party: Party?,
    lines: [Line], totals: VATTotals, amount: Money, attributes: [String: String] = [:]
  ) {
    self.kind = kind
    self.company = company
    self.series = series
    self.number = number
    self.day = day
    self.party = party
    self.lines = lines
    self.totals = totals
    self.amount = amount
    self.attributes = attributes
  }

  /// Version 1 of the canonical form. A later version gets its own function; this one stays
  /// as it is for as long as a link of version 1 may be verified.
  func appendVersion1(to bytes: inout CanonicalBytes) {
    bytes.field("kind", kind.rawValue)
    bytes.field("company", company)
    bytes.field("series", series)
    bytes.field("number", number)
    bytes.field("day", day.description)
    bytes.list("party", party.map { [$0] } ?? []) { bytes, party in
      bytes.field("reference", party.reference)
      bytes.field("name", party.name)
      bytes.field("address", party.address)
    }
    bytes.list("lines", lines) { bytes, line in
      bytes.field("reference", line.reference)
      bytes.field("label", line.label)
      bytes.field("quantity", line.quantity.tenThousandths)
      bytes.field("unit_price_cents", line.unitPrice.cents)
      bytes.field("discount", line.discount.hundredths)
      bytes.field("rate", line.rate.hundredths)
      bytes.field("amount_cents", line.amount.cents)
    }
    bytes.list("totals", totals.shares) { bytes, share in
      bytes.field("rate", share.rate.hundredths)
      bytes.field("net_cents", share.net.cents)
      bytes.field("tax_cents", share.tax.cents)
    }
    bytes.field("amount_cents", amount.cents)
    let names = attributes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    bytes.list("attributes", names) { bytes, attribute in
      bytes.field("name", attribute.key)
      bytes.field("value", attribute.value)
    }
  }
}
