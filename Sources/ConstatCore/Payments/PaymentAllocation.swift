/// How a payment settles instalments, part by part and rate by rate.
public struct PaymentAllocation: Sendable, Hashable {
  /// An instalment that something is due on.
  public struct Open: Sendable, Hashable {
    public let instalmentID: String
    public let invoiceID: String
    public let dueOn: Day
    public let position: Int
    public let remaining: Money

    public init(instalmentID: String, invoiceID: String, dueOn: Day, position: Int, remaining: Money) {
      self.instalmentID = instalmentID
      self.invoiceID = invoiceID
      self.dueOn = dueOn
      self.position = position
      self.remaining = remaining
    }
  }

  /// What one instalment gets.
  public struct Part: Sendable, Hashable {
    public let instalmentID: String
    public let invoiceID: String
    public let amount: Money
    /// Adds up to `amount`; over an invoice's life each rate closes to the cent.
    public let byRate: VATTotals
  }

  public let parts: [Part]
  /// The payer's credit: what nothing due could take.
  public let excess: Money

  /// Lays the payment over the open instalments, the earliest due first. `due` is what remains
  /// of each invoice by rate (invoiced less credited less paid): a credit note lowers it though
  /// the instalments keep their amounts.
  public static func byDueDay(
    _ payment: Money, over open: [Open], due: [String: VATTotals]
  ) -> PaymentAllocation {
    var left = payment
    var due = due
    var parts: [Part] = []
    for instalment in open.sorted(by: isBefore) where left.isPositive {
      let invoice = due[instalment.invoiceID] ?? .zero
      let amount = Swift.min(left, instalment.remaining, invoice.gross)
      guard amount.isPositive else { continue }
      parts.append(part(amount, instalment, &due))
      left -= amount
    }
    return PaymentAllocation(parts: parts, excess: left)
  }

  /// Lays it as someone chose.
  public static func chosen(
    _ payment: Money, as choices: [(instalmentID: String, amount: Money)], over open: [Open],
    due: [String: VATTotals]
  ) throws(PaymentError) -> PaymentAllocation {
    var left = payment
    var due = due
    var parts: [Part] = []
    var taken: Set<String> = []
    for choice in choices {
      guard let instalment = open.first(where: { $0.instalmentID == choice.instalmentID }) else {
        throw .instalmentNotOpen(choice.instalmentID)
      }
      guard taken.insert(choice.instalmentID).inserted else {
        throw .instalmentTwice(choice.instalmentID)
      }
      guard choice.amount.isPositive else { throw .amountNotPositive }
      let most = Swift.min(instalment.remaining, (due[instalment.invoiceID] ?? .zero).gross)
      guard choice.amount <= most else {
        throw .exceedsInstalment(choice.instalmentID, remaining: Swift.max(most, .zero))
      }
      guard choice.amount <= left else { throw .exceedsPayment(left: left) }
      parts.append(part(choice.amount, instalment, &due))
      left -= choice.amount
    }
    return PaymentAllocation(parts: parts, excess: left)
  }

  private static func isBefore(_ left: Open, _ right: Open) -> Bool {
    (left.dueOn, left.invoiceID, left.position) < (right.dueOn, right.invoiceID, right.position)
  }

  private static func part(
    _ amount: Money, _ instalment: Open, _ due: inout [String: VATTotals]
  ) -> Part {
    let invoice = due[instalment.invoiceID] ?? .zero
    let settled = invoice.allocating(amount).settled
    due[instalment.invoiceID] = invoice - settled
    return Part(
      instalmentID: instalment.instalmentID, invoiceID: instalment.invoiceID, amount: amount,
      byRate: settled)
  }
}
