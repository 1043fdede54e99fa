/// The rule on entry numbers: one continuous sequence per journal or, as others number, one over
/// the whole file. It need not begin at 1: a file may hold one software's part.
struct FECSequence {
  private struct Numbered {
    let line: Int
    let journal: String
    let prefix: Substring
    let number: Int
    let text: String
  }

  let rows: [FECRow]

  var findings: [FECFinding] {
    var findings: [FECFinding] = []
    var entries: [Numbered] = []
    var seen: Set<[String]> = []
    for row in rows where !row[.entryNumber].isEmpty {
      guard seen.insert([row[.journalCode], row[.entryNumber]]).inserted else { continue }
      if let entry = FECSequence.numbered(row) {
        entries.append(entry)
      } else {
        let message = "« \(row[.entryNumber]) » ne se termine pas par un numéro"
        findings.append(FECFinding(.entryNumber, line: row.line, column: .entryNumber, message))
      }
    }
    if FECSequence.gaps(entries).isEmpty { return findings }
    let journals = Dictionary(grouping: entries, by: \.journal).values
    return findings + journals.flatMap(FECSequence.gaps)
  }

  /// Each entry that does not carry the number after the one before it.
  private static func gaps(_ entries: [Numbered]) -> [FECFinding] {
    zip(entries, entries.dropFirst()).compactMap { before, entry in
      let (next, overflow) = before.number.addingReportingOverflow(1)
      guard overflow || entry.number != next || entry.prefix != before.prefix else { return nil }
      let message = "journal \(entry.journal) : \(entry.text) suit \(before.text)"
      return FECFinding(.numberGap, line: entry.line, column: .entryNumber, message)
    }
  }

  /// A number splits into what stands before its last digits and their value.
  private static func numbered(_ row: FECRow) -> Numbered? {
    let text = row[.entryNumber]
    let digits = text.utf8.reversed().prefix { (48...57).contains($0) }.count
    guard let number = Int(text.suffix(digits)) else { return nil }
    return Numbered(
      line: row.line, journal: row[.journalCode], prefix: text.dropLast(digits), number: number,
      text: text)
  }
}
