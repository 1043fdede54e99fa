public import ConstatCore

/// A closed deposit slip as a table (DEP-04, DEP-07): one row per instalment deposited, and the
/// total that the bank will credit.
public struct DepositSlipCSV: Sendable {
  public static let columns = [
    "Bordereau", "Date", "Banque", "Type", "Échelon", "Facture", "Payeur", "Émetteur",
    "Numéro de chèque", "Statut", "Montant",
  ]

  public struct Row: Hashable, Sendable {
    public var instalment: Int
    public var invoice: String
    public var payer: String
    /// Who drew the cheque or brought the cash, where it is not the payer.
    public var issuer: String
    public var chequeNumber: String
    public var status: String
    public var amount: Money

    public init(
      instalment: Int, invoice: String, payer: String, issuer: String = "", chequeNumber: String = "",
      status: String, amount: Money
    ) {
      self.instalment = instalment
      self.invoice = invoice
      self.payer = payer
      self.issuer = issuer
      self.chequeNumber = chequeNumber
      self.status = status
      self.amount = amount
    }
  }

  public let number: String
  public let closedOn: Day
  public let bank: String
  public let content: DepositSlipPosting.Content

  public init(number: String, closedOn: Day, bank: String, content: DepositSlipPosting.Content) {
    self.number = number
    self.closedOn = closedOn
    self.bank = bank
    self.content = content
  }

  public func write(_ rows: [Row], withByteOrderMark: Bool = false) -> [UInt8] {
    var table = CSVTable(columns: DepositSlipCSV.columns, withByteOrderMark: withByteOrderMark)
    let kind: CSVCell = .code(content == .cheque ? "Chèques" : "Espèces")
    let slip: [CSVCell] = [.code(number), .day(closedOn), .text(bank), kind]
    for row in rows {
      table.append(
        slip + [
          .code(String(row.instalment)), .code(row.invoice), .text(row.payer), .text(row.issuer),
          .text(row.chequeNumber), .text(row.status), .amount(row.amount),
        ])
    }
    let total = rows.reduce(Money.zero) { $0 + $1.amount }
    let blanks = Array(repeating: CSVCell.empty, count: 5)
    table.append(slip + [.code("Total")] + blanks + [.amount(total)])
    return table.bytes
  }
}
