/// The kinds of row that offline devices share with the server; the raw value is the table's name
/// and the wire's `type`.
public enum EntityType: String, Sendable, Hashable, CaseIterable {
  case dossier
  case appointment
  case outbuilding
  case dossierDiagnostic = "dossier_diagnostic"
  case dossierContact = "dossier_contact"
  case missionOrder = "mission_order"
  case signature
  case payment
  case attachment
  case leadAnalyserBooking = "lead_analyser_booking"
  case syncConflict = "sync_conflict"
  case fieldProposal = "field_proposal"
  case parkedEdit = "parked_edit"
  case contact
  case building
  case module
  case diagnosticType = "diagnostic_type"
  case organization
}

/// One row of one table: what versions, edits and conflicts are about.
public struct EntityKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let type: EntityType
  /// A UUID in lower case.
  public let id: String

  public init(_ type: EntityType, _ id: String) {
    self.type = type
    self.id = id
  }

  public static func < (left: EntityKey, right: EntityKey) -> Bool {
    (left.type.rawValue, left.id) < (right.type.rawValue, right.id)
  }

  public var description: String { type.rawValue + "/" + id }
}
