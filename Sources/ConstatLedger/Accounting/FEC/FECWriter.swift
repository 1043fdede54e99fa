public import ConstatCore

/// Writes entries as a FEC (LPF A47 A-1). Constat is a sub-ledger: the file holds its four
/// journals and no opening balances, so it is a FEC in form that the accountant imports, not
/// the company's legal FEC. The same entries give the same bytes, in whatever order they come.
public struct FECWriter: Sendable {
  /// Whether the entries are final, which shows in `ValidDate`.
  public enum Validation: Hashable, Sendable {
    /// `ValidDate` blank in every row: made before the periodic closing (provisoire).
    case provisional
    /// `ValidDate` is the day on which each entry was recorded (définitif).
    case definitive
    /// `ValidDate` is this day in every row ("forcer la date de validation").
    case forced(Day)
  }

  public struct Format: Hashable, Sendable {
    public var columns = FECColumnSet.standard
    public var separator = FECSeparator.tab
    public var encoding = FECEncoding.utf8
    public var validation = Validation.definitive
    /// The length of account numbers that the importing software expects; nil leaves them.
    public var accountLength: Int?

    public init() {}
  }

  private let format: Format

  public init(_ format: Format = Format()) {
    self.format = format
  }

  /// The whole file: the header, then the entries in the order of their validation.
  public func write(_ entries: [LedgerEntry]) -> [UInt8] {
    let ordered = FECWriter.inOrder(entries)
    let lettering = Lettering(ordered.map(\.entry))
    var bytes = header
    for validated in ordered {
      appendRows(of: validated, lettering: lettering, to: &bytes)
    }
    return bytes
  }

  /// The header row.
  public var header: [UInt8] { row(format.columns.columns.map(\.rawValue)) }

  /// Entries with their day of validation, in its order; one day's entries go by journal and
  /// number. Of two entries recorded at once around midnight the later number may bear the
  /// earlier day: it is validated with the number before it, so that both order and sequence
  /// hold in the file.
  static func inOrder(_ entries: [LedgerEntry]) -> [(entry: LedgerEntry, day: Day)] {
    var latest: [Journal: Day] = [:]
    let byNumber = entries.sorted { ($0.draft.journal.rank, $0.number) < ($1.draft.journal.rank, $1.number) }
    let validated = byNumber.map { entry in
      let day = max(entry.postedOn, latest[entry.draft.journal] ?? entry.postedOn)
      latest[entry.draft.journal] = day
      return (entry: entry, day: day)
    }
    return validated.sorted { left, right in
      (left.day, left.entry.draft.journal.rank, left.entry.number)
        < (right.day, right.entry.draft.journal.rank, right.entry.number)
    }
  }

  private func appendRows(
    of validated: (entry: LedgerEntry, day: Day), lettering: Lettering, to bytes: inout [UInt8]
  ) {
    for line in validated.entry.draft.lines {
      let letter = lettering.letter(of: line)
      let fields = format.columns.columns.map { column in
        field(column, of: line, in: validated.entry, validatedOn: validated.day, letter: letter)
      }
      bytes += row(fields)
    }
  }

  private func field(
    _ column: FECColumn, of line: LedgerLine, in entry: LedgerEntry, validatedOn: Day, letter: Letter?
  ) -> String {
    let draft = entry.draft
    switch column {
    case .journalCode: return draft.journal.code
    case .journalLabel: return draft.journal.label
    case .entryNumber: return entry.code
    case .entryDate: return draft.day.compact
    case .accountNumber:
      return format.accountLength.map(line.account.number(ofLength:)) ?? line.account.number
    case .accountLabel: return FECText.cleaned(line.account.label, orElse: line.account.number)
    case .auxiliaryNumber: return line.auxiliary.map { FECText.cleaned($0.number) } ?? ""
    case .auxiliaryLabel:
      return line.auxiliary.map { FECText.cleaned($0.label, orElse: $0.number) } ?? ""
    case .pieceReference: return FECText.cleaned(draft.pieceReference, orElse: entry.code)
    case .pieceDate: return draft.pieceDay.compact
    case .entryLabel: return FECText.cleaned(draft.label, orElse: draft.journal.label)
    case .debit: return line.debit.decimalComma
    case .credit: return line.credit.decimalComma
    case .letter: return letter?.code ?? ""
    case .letterDate: return letter?.day.compact ?? ""
    case .validationDate: return validationDate(validatedOn)
    case .currencyAmount, .currency, .operationNature: return ""
    case .settlementDate: return draft.settlement?.day.compact ?? ""
    case .settlementMode: return draft.settlement?.means.label ?? ""
    case .client: return line.auxiliary.map { FECText.cleaned($0.number) } ?? ""
    }
  }

  private func validationDate(_ day: Day) -> String {
    switch format.validation {
    case .provisional: ""
    case .definitive: day.compact
    case .forced(let day): day.compact
    }
  }

  private func row(_ fields: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, field) in fields.enumerated() {
      if index > 0 { bytes.append(format.separator.byte) }
      bytes += format.encoding.encode(field)
    }
    return bytes + [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
  }
}
