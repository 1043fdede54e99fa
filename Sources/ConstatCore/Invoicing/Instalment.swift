/// A due date on an invoice's one debt (échelon). It posts nothing to the books.
public struct Instalment: Sendable, Hashable {
  public let dueOn: Day
  public let amount: Money

  public init(dueOn: Day, amount: Money) {
    self.dueOn = dueOn
    self.amount = amount
  }

  /// Nothing is due any more from `received` on, though only `cashed` is at the bank (AMB-41).
  public enum Status: String, Sendable, Hashable, Codable, CaseIterable {
    case pending
    /// Perçu.
    case received
    /// Dépôt en cours.
    case depositInProgress = "deposit_in_progress"
    /// Encaissé.
    case cashed

    /// The status once payments by these means cover the instalment: what is cash in hand or a
    /// cheque waits for its slip, the rest is at the bank.
    public static func covered(by means: Set<PaymentMeans>) -> Status {
      means.contains(where: \.goesOnDepositSlip) ? .received : .cashed
    }
  }

  public static let fields = FieldSet([
    .id, .required("due_on", .day), .required("amount_cents", .cents(1...Money.limit.cents)),
  ])

  public init(columns: [String: JSONValue]) {
    dueOn = columns["due_on"]?.string.flatMap { Day($0) } ?? .min
    amount = Money(cents: columns["amount_cents"]?.integer ?? 0)
  }

  /// The instalments of an invoice: those asked for, which must add up to the total in the order
  /// of their days, or one at the due date. An invoice of nothing has none.
  public static func checked(
    _ instalments: [Instalment], total: Money, issuedOn: Day, dueOn: Day
  ) throws(InvoiceError) -> [Instalment] {
    guard dueOn >= issuedOn else { throw .dueBeforeIssue(due: dueOn, issue: issuedOn) }
    if instalments.isEmpty {
      return total.isZero ? [] : [Instalment(dueOn: dueOn, amount: total)]
    }
    var sum = Money.zero
    var last = issuedOn
    for (index, instalment) in instalments.enumerated() {
      guard instalment.amount.isPositive else { throw .instalmentNotPositive(position: index + 1) }
      if instalment.dueOn < issuedOn { throw .dueBeforeIssue(due: instalment.dueOn, issue: issuedOn) }
      guard instalment.dueOn >= last else { throw .instalmentsOutOfOrder(position: index + 1) }
      last = instalment.dueOn
      sum += instalment.amount
    }
    guard sum == total else { throw .instalmentsDoNotAddUp(total: total, instalments: sum) }
    return instalments
  }

  /// Spreads a total over equal parts a month apart, the remainder on the last.
  public static func spread(
    _ total: Money, parts: Int, firstDue: Day
  ) throws(InvoiceError) -> [Instalment] {
    do throws(MoneyError) {
      return try total.split(into: parts).enumerated().map { index, amount in
        Instalment(dueOn: firstDue.adding(months: index), amount: amount)
      }
    } catch {
      throw .amountOutOfRange
    }
  }
}
