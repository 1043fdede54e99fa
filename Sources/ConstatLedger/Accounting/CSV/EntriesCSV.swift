/// Entries as a table for importers that do not read a FEC: one row per line of an entry, in the
/// order of the FEC.
public struct EntriesCSV: Sendable {
  public static let columns = [
    "Journal", "Numéro", "Date", "Compte", "Libellé du compte", "Compte auxiliaire",
    "Libellé auxiliaire", "Pièce", "Date de pièce", "Libellé", "Débit", "Crédit", "Lettrage",
    "Date de validation",
  ]

  public let withByteOrderMark: Bool

  public init(withByteOrderMark: Bool = false) {
    self.withByteOrderMark = withByteOrderMark
  }

  public func write(_ entries: [LedgerEntry]) -> [UInt8] {
    var table = CSVTable(columns: EntriesCSV.columns, withByteOrderMark: withByteOrderMark)
    let ordered = FECWriter.inOrder(entries)
    let lettering = Lettering(ordered.map(\.entry))
    for (entry, validatedOn) in ordered {
      let draft = entry.draft
      for line in draft.lines {
        table.append([
          .code(draft.journal.code), .code(entry.code), .day(draft.day), .code(line.account.number),
          .text(line.account.label), .text(line.auxiliary?.number ?? ""),
          .text(line.auxiliary?.label ?? ""), .code(draft.pieceReference), .day(draft.pieceDay),
          .text(draft.label), .amount(line.debit), .amount(line.credit),
          .code(lettering.letter(of: line)?.code ?? ""), .day(validatedOn),
        ])
      }
    }
    return table.bytes
  }
}
