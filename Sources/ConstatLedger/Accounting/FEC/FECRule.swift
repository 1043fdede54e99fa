/// The rules of the strict validator. The code is stable: scripts and tests rely on it. The
/// public authority's own tester lets most of these pass.
public enum FECRule: String, CaseIterable, Hashable, Sendable {
  case emptyFile = "empty-file"
  case fileName = "file-name"
  case encoding = "encoding"
  case byteOrderMark = "byte-order-mark"
  case header = "header"
  case fieldCount = "field-count"
  case quotedField = "quoted-field"
  case missingValue = "missing-value"
  case amountFormat = "amount-format"
  case invalidDate = "invalid-date"
  case invalidAccount = "invalid-account"
  case oneSide = "one-side"
  case entryNumber = "entry-number"
  case unbalancedEntry = "unbalanced-entry"
  case unbalancedFile = "unbalanced-file"
  case numberGap = "number-gap"
  case splitEntry = "split-entry"
  case entryDates = "entry-dates"
  case outsideFiscalYear = "outside-fiscal-year"
  case unbalancedLetter = "unbalanced-letter"
  case letterWithoutDate = "letter-without-date"
  case letterTooEarly = "letter-too-early"
  case dateWithoutLetter = "date-without-letter"
  case misplacedAuxiliary = "misplaced-auxiliary"
  case incompleteAuxiliary = "incomplete-auxiliary"
  case incompleteCurrency = "incomplete-currency"
  case mixedValidation = "mixed-validation"
  case validationOrder = "validation-order"
  case missingDocument = "missing-document"
  case repeatedDocument = "repeated-document"
  case slipTotal = "slip-total"
}

/// One breach of a rule.
public struct FECFinding: Hashable, Sendable {
  public let rule: FECRule
  /// The line of the file, the header being 1; nil when the whole file is meant.
  public let line: Int?
  public let column: FECColumn?
  /// In French: accountants read it.
  public let message: String

  init(_ rule: FECRule, line: Int? = nil, column: FECColumn? = nil, _ message: String) {
    self.rule = rule
    self.line = line
    self.column = column
    self.message = message
  }
}

extension FECFinding: CustomStringConvertible {
  /// "ligne 12, Debit : … [one-side]"
  public var description: String {
    let place = [line.map { "ligne \($0)" }, column?.rawValue].compactMap(\.self)
    let prefix = place.isEmpty ? "" : place.joined(separator: ", ") + " : "
    return prefix + message + " [" + rule.rawValue + "]"
  }
}
