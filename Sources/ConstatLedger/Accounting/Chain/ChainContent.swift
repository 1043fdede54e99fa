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
    case reversal = "payment_reversal"
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
  /// Whatever else is frozen, by name: due day, instalments, means, cheque number, corrected
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

  /// The canonical text that new links seal.
  public var canonicalText: String { canonicalText(version: ChainContent.currentVersion) ?? "" }

  static let currentVersion = 1

  /// The canonical text of a version; nil for one that this program does not know.
  func canonicalText(version: Int) -> String? {
    version == 1 ? version1 : nil
  }

  /// A later version gets its own function; this one stays as it is for as long as a link of
  /// version 1 may be verified.
  private var version1: String {
    var text = CanonicalText()
    text.field("constat-document", 1)
    text.field("kind", kind.rawValue)
    text.field("company", company)
    text.field("series", series)
    text.field("number", number)
    text.field("day", day.description)
    text.list("party", party.map { [$0] } ?? []) { text, party in
      text.field("reference", party.reference)
      text.field("name", party.name)
      text.field("address", party.address)
    }
    text.list("lines", lines) { text, line in
      text.field("reference", line.reference)
      text.field("label", line.label)
      text.field("quantity", line.quantity.tenThousandths)
      text.field("unit_price_cents", line.unitPrice.cents)
      text.field("discount", line.discount.hundredths)
      text.field("rate", line.rate.hundredths)
      text.field("amount_cents", line.amount.cents)
    }
    text.list("totals", totals.shares) { text, share in
      text.field("rate", share.rate.hundredths)
      text.field("net_cents", share.net.cents)
      text.field("tax_cents", share.tax.cents)
    }
    text.field("amount_cents", amount.cents)
    let names = attributes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    text.list("attributes", names) { text, attribute in
      text.field("name", attribute.key)
      text.field("value", attribute.value)
    }
    return text.text
  }
}
