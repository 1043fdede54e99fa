import ConstatCore

/// The rules on entries as wholes: the rows of one journal under one number.
struct FECEntryRules {
  private struct Key: Hashable {
    let journal: String
    let number: String
  }

  let rows: [FECRow]
  let fiscalYear: FiscalYear?

  var findings: [FECFinding] {
    splits + totals + dates
  }

  /// The rows of an entry stand together.
  private var splits: [FECFinding] {
    var seen: Set<Key> = []
    var current: Key?
    var findings: [FECFinding] = []
    for row in rows where !row[.entryNumber].isEmpty {
      let key = FECEntryRules.key(row)
      if key != current, !seen.insert(key).inserted {
        let message = "l'écriture \(key.number) du journal \(key.journal) reprend plus loin"
        findings.append(FECFinding(.splitEntry, line: row.line, column: .entryNumber, message))
      }
      current = key
    }
    return findings
  }

  /// Debits equal credits in every entry and in the file.
  private var totals: [FECFinding] {
    var findings: [FECFinding] = []
    for group in entries {
      guard let first = group.first, let net = group.net, !net.isZero else { continue }
      let message = "l'écriture \(first[.entryNumber]) est déséquilibrée de \(net.decimalComma)"
      findings.append(FECFinding(.unbalancedEntry, line: first.line, column: .debit, message))
    }
    if let net = rows.net, !net.isZero {
      let message = "le fichier est déséquilibré de \(net.decimalComma)"
      findings.append(FECFinding(.unbalancedFile, message))
    }
    return findings
  }

  /// One date per entry, inside the fiscal year.
  private var dates: [FECFinding] {
    var findings: [FECFinding] = []
    for group in entries {
      guard let first = group.first else { continue }
      for row in group where row[.entryDate] != first[.entryDate] {
        let message = "l'écriture \(first[.entryNumber]) porte plusieurs dates"
        findings.append(FECFinding(.entryDates, line: row.line, column: .entryDate, message))
      }
    }
    guard let fiscalYear else { return findings }
    for row in rows {
      guard let day = row.dates[.entryDate], !fiscalYear.contains(day) else { continue }
      let message = "le \(day.french) est hors de l'exercice clos le \(fiscalYear.last.french)"
      findings.append(FECFinding(.outsideFiscalYear, line: row.line, column: .entryDate, message))
    }
    return findings
  }

  /// The rows by entry, in the order of their first row.
  private var entries: [[FECRow]] {
    Dictionary(grouping: rows, by: FECEntryRules.key).values.sorted {
      ($0.first?.line ?? 0) < ($1.first?.line ?? 0)
    }
  }

  private static func key(_ row: FECRow) -> Key {
    Key(journal: row[.journalCode], number: row[.entryNumber])
  }
}
