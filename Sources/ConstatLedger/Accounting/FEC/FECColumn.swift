/// The columns of the file of accounting entries (fichier des écritures comptables), named and
/// ordered as in article A47 A-1 of the Livre des procédures fiscales.
public enum FECColumn: String, CaseIterable, Hashable, Sendable {
  case journalCode = "JournalCode"
  case journalLabel = "JournalLib"
  case entryNumber = "EcritureNum"
  case entryDate = "EcritureDate"
  case accountNumber = "CompteNum"
  case accountLabel = "CompteLib"
  case auxiliaryNumber = "CompAuxNum"
  case auxiliaryLabel = "CompAuxLib"
  case pieceReference = "PieceRef"
  case pieceDate = "PieceDate"
  case entryLabel = "EcritureLib"
  case debit = "Debit"
  case credit = "Credit"
  case letter = "EcritureLet"
  case letterDate = "DateLet"
  case validationDate = "ValidDate"
  case currencyAmount = "Montantdevise"
  case currency = "Idevise"
  case settlementDate = "DateRglt"
  case settlementMode = "ModeRglt"
  case operationNature = "NatOp"
  case client = "IdClient"

  /// Columns that are never blank. `ValidDate` is judged apart: blank in a provisional file.
  public static let mandatory: [FECColumn] = [
    .journalCode, .journalLabel, .entryNumber, .entryDate, .accountNumber, .accountLabel,
    .pieceReference, .pieceDate, .entryLabel, .debit, .credit,
  ]
  static let dates: [FECColumn] = [
    .entryDate, .pieceDate, .letterDate, .validationDate, .settlementDate,
  ]
  static let amounts: [FECColumn] = [.debit, .credit, .currencyAmount]
}

/// Which columns a company's file has: a setting, since a sole trader may declare
/// non-commercial profits.
public enum FECColumnSet: String, CaseIterable, Hashable, Sendable, Codable {
  /// 18 columns: commercial profits, companies.
  case standard
  /// 22 columns: non-commercial profits on cash basis (BNC), with the settlement.
  case cashBasis = "cash_basis"

  public var columns: [FECColumn] {
    switch self {
    case .standard: Array(FECColumn.allCases.prefix(18))
    case .cashBasis: FECColumn.allCases
    }
  }
}

public enum FECSeparator: String, CaseIterable, Hashable, Sendable, Codable {
  case tab
  case pipe

  public var byte: UInt8 { self == .tab ? UInt8(ascii: "\t") : UInt8(ascii: "|") }
}
