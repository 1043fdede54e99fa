public import ConstatCore

/// The strict validator of a FEC: of ours before anyone imports it, and of any other's file.
/// The authority's tester checks neither balances, nor sequence, nor lettering, nor whether a
/// date exists; this one does. Every breach is reported with its line and column.
public struct FECValidator: Sendable {
  /// Whose file it is.
  public enum Origin: Hashable, Sendable {
    /// Written by Constat: only customers (411) have auxiliary accounts.
    case constat
    /// Of any software: suppliers and other third parties (class 4) have them too.
    case any
  }

  /// What the file must hold besides being well-formed.
  public struct Expectations: Sendable {
    /// The numbers of the documents issued with an amount: each proves one entry of sales.
    public var documents: [String]?
    /// The totals of the closed deposit slips, by number: what leaves 5112 or 53 for the bank.
    public var slips: [String: Money] = [:]

    public init() {}
  }

  public var origin = Origin.any
  /// When given, every entry must be dated in it.
  public var fiscalYear: FiscalYear?
  /// Whether the file is a part of the fiscal year, chosen by entry days: then a gap in the
  /// numbers is an entry that was recorded late, not one that is missing.
  public var isPartOfYear = false
  public var expectations = Expectations()

  public init() {}

  /// All findings, in the order of the file; empty when the file is accepted. Rules over several
  /// rows wait until every row has the right number of fields.
  public func validate(_ bytes: [UInt8]) -> [FECFinding] {
    let reader = FECReader(bytes)
    let rows = reader.rows
    var findings = reader.findings + rows.flatMap(lineFindings) + validationFindings(rows)
    if reader.isComplete {
      findings += FECEntryRules(rows: rows, fiscalYear: fiscalYear).findings
      findings += isPartOfYear ? [] : FECSequence(rows: rows).findings
      findings += FECLetterRules(rows: rows).findings + documentFindings(rows)
    }
    return findings.enumerated().sorted {
      ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
    }.map(\.element)
  }

  /// The same for a file on disk, whose name must be that of a FEC; the fiscal year, unless
  /// given, is the twelve months up to the closing day in the name.
  public func validate(_ bytes: [UInt8], fileName: String) -> [FECFinding] {
    guard let name = FECFileName(parsing: fileName) else {
      let message = "« \(fileName) » n'est pas de la forme SIRENFECAAAAMMJJ"
      return [FECFinding(.fileName, message)] + validate(bytes)
    }
    var validator = self
    validator.fiscalYear = fiscalYear ?? FiscalYear(closing: name.closing)
    return validator.validate(bytes)
  }

  private func lineFindings(_ row: FECRow) -> [FECFinding] {
    var findings: [FECFinding] = []
    let account = row[.accountNumber]
    if !account.isEmpty, account.utf8.prefix(3).filter({ (48...57).contains($0) }).count < 3 {
      let message = "« \(account) » ne commence pas par trois chiffres du plan comptable"
      findings.append(FECFinding(.invalidAccount, line: row.line, column: .accountNumber, message))
    }
    if let debit = row.debit, let credit = row.credit, debit.isZero == credit.isZero {
      let message = debit.isZero ? "débit et crédit nuls" : "débit et crédit tous deux renseignés"
      findings.append(FECFinding(.oneSide, line: row.line, column: .debit, message))
    }
    let auxiliary = row[.auxiliaryNumber]
    let mayHaveAuxiliary = account.hasPrefix(origin == .constat ? "411" : "4")
    if !auxiliary.isEmpty, !mayHaveAuxiliary {
      let message = "compte auxiliaire « \(auxiliary) » sur le compte \(account)"
      findings.append(FECFinding(.misplacedAuxiliary, line: row.line, column: .auxiliaryNumber, message))
    }
    if auxiliary.isEmpty != row[.auxiliaryLabel].isEmpty {
      let message = "numéro et libellé du compte auxiliaire vont ensemble"
      findings.append(FECFinding(.incompleteAuxiliary, line: row.line, column: .auxiliaryLabel, message))
    }
    if row[.currencyAmount].isEmpty != row[.currency].isEmpty {
      let message = "montant et identifiant de la devise vont ensemble"
      findings.append(FECFinding(.incompleteCurrency, line: row.line, column: .currency, message))
    }
    return findings
  }

  /// All rows have a validation date (définitif) or none has (provisoire); set, it never goes back.
  private func validationFindings(_ rows: [FECRow]) -> [FECFinding] {
    var findings: [FECFinding] = []
    if let first = rows.first,
      let other = rows.first(where: { $0[.validationDate].isEmpty != first[.validationDate].isEmpty })
    {
      let message = "date de validation présente sur une partie seulement des lignes"
      findings.append(FECFinding(.mixedValidation, line: other.line, column: .validationDate, message))
    }
    var latest: Day?
    for row in rows {
      guard let day = row.dates[.validationDate] else { continue }
      if let latest, day < latest {
        let message = "validée le \(day.french), après une écriture validée le \(latest.french)"
        findings.append(FECFinding(.validationOrder, line: row.line, column: .validationDate, message))
      }
      latest = max(latest ?? day, day)
    }
    return findings
  }

  private func documentFindings(_ rows: [FECRow]) -> [FECFinding] {
    var findings: [FECFinding] = []
    if let documents = expectations.documents {
      let sales = rows.filter { $0[.journalCode] == Journal.sales.code }
      let entries = Dictionary(grouping: sales) { $0[.pieceReference] }
        .mapValues { Set($0.map { $0[.entryNumber] }).count }
      for document in documents where entries[FECText.cleaned(document)] == nil {
        findings.append(FECFinding(.missingDocument, "la pièce \(document) n'a pas d'écriture"))
      }
      for (piece, count) in entries.sorted(by: { $0.key < $1.key }) where count > 1 {
        findings.append(FECFinding(.repeatedDocument, "la pièce \(piece) a \(count) écritures"))
      }
    }
    for (slip, total) in expectations.slips.sorted(by: { $0.key < $1.key }) {
      let deposited = rows.filter {
        $0[.pieceReference] == FECText.cleaned(slip) && $0[.journalCode] == Journal.bank.code
          && ($0[.accountNumber].hasPrefix("5112") || $0[.accountNumber].hasPrefix("53"))
      }
      guard let net = deposited.net else { continue }
      if -net != total {
        let message =
          "bordereau \(slip) : \((-net).decimalComma) remis pour un total de \(total.decimalComma)"
        findings.append(FECFinding(.slipTotal, line: deposited.first?.line, message))
      }
    }
    return findings
  }
}
