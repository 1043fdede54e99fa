import ConstatCore

/// What the database says of money, and what of that does not hold.
struct Books: Sendable {
  struct Payment: Sendable {
    let id: String
    let dossier: String?
    let reference: String
    let means: String
    let cents: Int64
    let isReversed: Bool
    /// What is laid on instalments now.
    let laid: Int64
    /// What the entries of the payment and of its reversal come to, debit less credit: treasury, and customers.
    let treasury: Int64
    let customers: Int64
    /// The version that recorded it, and the one that undid it.
    let born: Int64
    let undone: Int64?
    let actor: String
    /// The payments that its conflict names as perhaps the same money; nil where there is none.
    let contested: Set<String>?
  }

  struct Invoice: Sendable {
    let number: String
    let total: Int64
    let laid: Int64
  }

  var payments: [Payment] = []
  var invoices: [Invoice] = []
  /// Entries of which the two sides differ.
  var crooked: [String] = []
  /// Over all entries, debit less credit.
  var treasury: Int64 = 0
  var customers: Int64 = 0
  /// The first link of the chain of issued documents that does not hold.
  var brokenLink: String?

  /// Each payment is in the books as it is, no debt is paid beyond its amount, and all sums agree.
  func faults() -> [String] {
    var faults = crooked.map { "the entry \($0) does not balance" }
    for payment in payments {
      let expected = payment.isReversed ? 0 : payment.cents
      if payment.treasury != expected || payment.customers != -expected {
        faults.append(
          "the payment \(payment.reference) of \(payment.cents) is in the books with \(payment.treasury) and "
            + "\(payment.customers)")
      }
      if payment.laid > expected { faults.append("the payment \(payment.reference) settles more than it is") }
    }
    for invoice in invoices where invoice.laid > invoice.total {
      faults.append("the invoice \(invoice.number) of \(invoice.total) was paid with \(invoice.laid)")
    }
    let received = payments.filter { !$0.isReversed }.reduce(0) { $0 + $1.cents }
    let invoiced = invoices.reduce(0) { $0 + $1.total }
    if treasury != received { faults.append("treasury shows \(treasury), and \(received) was received") }
    if customers != invoiced - received {
      faults.append("customers owe \(customers) by the books, \(invoiced - received) by the documents")
    }
    if let brokenLink { faults.append("the chain of documents is broken: \(brokenLink)") }
    return faults
  }
}

extension Oracle {
  /// Money that was received is recorded once, as it was; where two may be the same, somebody was asked.
  func money() -> [String] {
    var faults = evidence.books.faults()
    let byReference = Dictionary(grouping: evidence.books.payments, by: \.reference)
    for taken in payments {
      let found = byReference[taken.token] ?? []
      if found.count > 1 { faults.append("the payment \(taken.token) was recorded \(found.count) times") }
      for payment in found where payment.cents != taken.cents {
        faults.append("the payment \(taken.token) of \(taken.cents) was recorded with \(payment.cents)")
      }
      for payment in found where payment.means != taken.means.rawValue {
        faults.append(
          "the payment \(taken.token) by \(taken.means.rawValue) was recorded as \(payment.means)")
      }
    }
    for (_, payments) in Dictionary(grouping: evidence.books.payments, by: \.dossier) {
      for payment in payments {
        for rival in payments where isSilentDouble(payment, of: rival) {
          faults.append(
            "\(payment.reference) may be the same money as \(rival.reference), and nobody was asked")
        }
      }
    }
    return faults
  }

  /// Whether a device's payment came when another had paid the same debt, which the device could not know, and no
  /// conflict says so. Everyone in a simulation pays the whole price: whatever comes second is too much.
  private func isSilentDouble(_ payment: Books.Payment, of rival: Books.Payment) -> Bool {
    guard payment.dossier != nil, rival.born < payment.born,
      let token = typed.first(where: { $0.text == payment.reference }),
      let origin = evidence.origin(of: token, among: lives(of: token.device)),
      origin.mutation.status != "parked"
    else { return false }
    let isOwn = lives(of: token.device).contains { rival.actor == "device:\($0)" }
    let isUndone = rival.undone.map { $0 <= payment.born } ?? false
    return !isOwn && !isUndone && rival.born > origin.mutation.base
      && payment.contested?.contains(rival.id) != true
  }
}
