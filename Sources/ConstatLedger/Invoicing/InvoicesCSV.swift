public import ConstatCore

/// The list of invoices and credit notes as a table (INV-13, INV-18): its columns in the order
/// of the screen that it replaces.
public struct InvoicesCSV: Sendable {
  public static let columns = [
    "Société", "Numéro", "Avoir ou facture lié", "Dossiers", "Références", "Payeur",
    "Date de génération", "Date de rendez-vous", "Date d'échéance", "Montant de la mission",
    "Total de la facture", "Reste dû", "Rapports", "Acquittée",
  ]

  /// Where the dossier's reports stand with the client.
  public enum Reports: String, CaseIterable, Hashable, Sendable, Codable {
    case offline
    case online
    case downloaded

    public var label: String {
      switch self {
      case .offline: "Pas en ligne"
      case .online: "En ligne"
      case .downloaded: "Téléchargés"
      }
    }
  }

  /// One invoice or credit note; the amounts of a credit note are negative.
  public struct Row: Hashable, Sendable {
    public var company: String
    public var number: String
    /// The credit notes of an invoice, or the invoice of a credit note.
    public var linked: [String]
    public var dossiers: [String]
    public var references: [String]
    public var payer: String
    public var issuedOn: Day
    public var appointmentOn: Day?
    public var dueOn: Day?
    /// The dossier's price; differs from the total where products were added.
    public var missionCost: Money
    public var total: Money
    public var remainingDue: Money
    public var reports: Reports
    public var isSettled: Bool

    public init(
      company: String, number: String, linked: [String] = [], dossiers: [String] = [],
      references: [String] = [], payer: String, issuedOn: Day, appointmentOn: Day? = nil,
      dueOn: Day? = nil, missionCost: Money, total: Money, remainingDue: Money, reports: Reports,
      isSettled: Bool
    ) {
      self.company = company
      self.number = number
      self.linked = linked
      self.dossiers = dossiers
      self.references = references
      self.payer = payer
      self.issuedOn = issuedOn
      self.appointmentOn = appointmentOn
      self.dueOn = dueOn
      self.missionCost = missionCost
      self.total = total
      self.remainingDue = remainingDue
      self.reports = reports
      self.isSettled = isSettled
    }
  }

  private var table: CSVTable

  public init(withByteOrderMark: Bool = false) {
    table = CSVTable(columns: InvoicesCSV.columns, withByteOrderMark: withByteOrderMark)
  }

  public var bytes: [UInt8] { table.bytes }

  public mutating func append(_ row: Row) {
    table.append([
      .text(row.company), .code(row.number), .code(row.linked.joined(separator: ", ")),
      .code(row.dossiers.joined(separator: ", ")), .text(row.references.joined(separator: ", ")),
      .text(row.payer), .day(row.issuedOn), .day(row.appointmentOn), .day(row.dueOn),
      .amount(row.missionCost), .amount(row.total), .amount(row.remainingDue),
      .code(row.reports.label), .code(row.isSettled ? "Oui" : "Non"),
    ])
  }
}
