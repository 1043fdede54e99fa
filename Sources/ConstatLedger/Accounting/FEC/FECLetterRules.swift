import ConstatCore

/// The rules on lettering: the rows under one letter of an account and its auxiliary cancel out,
/// and carry a date no earlier than the latest of them.
struct FECLetterRules {
  private struct Key: Hashable {
    let account: String
    let auxiliary: String
    let letter: String
  }

  let rows: [FECRow]

  var findings: [FECFinding] {
    var findings: [FECFinding] = []
    for row in rows where row[.letter].isEmpty && !row[.letterDate].isEmpty {
      let message = "date de lettrage sans lettre"
      findings.append(FECFinding(.dateWithoutLetter, line: row.line, column: .letterDate, message))
    }
    let lettered = rows.filter { !$0[.letter].isEmpty }
    let groups = Dictionary(grouping: lettered) {
      Key(account: $0[.accountNumber], auxiliary: $0[.auxiliaryNumber], letter: $0[.letter])
    }
    for (key, group) in groups {
      findings += FECLetterRules.findings(key.letter, group)
    }
    return findings
  }

  private static func findings(_ letter: String, _ group: [FECRow]) -> [FECFinding] {
    var findings: [FECFinding] = []
    if let first = group.first, let net = group.net, !net.isZero {
      let message = "le lettrage \(letter) ne se solde pas : \(net.decimalComma)"
      findings.append(FECFinding(.unbalancedLetter, line: first.line, column: .letter, message))
    }
    let latest = group.compactMap { $0.dates[.entryDate] }.max()
    for row in group {
      if row[.letterDate].isEmpty {
        let message = "le lettrage \(letter) est sans date"
        findings.append(FECFinding(.letterWithoutDate, line: row.line, column: .letterDate, message))
      } else if let day = row.dates[.letterDate], let latest, day < latest {
        let message = "lettré le \(day.french), avant l'écriture du \(latest.french)"
        findings.append(FECFinding(.letterTooEarly, line: row.line, column: .letterDate, message))
      }
    }
    return findings
  }
}
