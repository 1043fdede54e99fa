public import ConstatCore

/// Checks the values of a mutation: what the fields take, in the columns' canonical form.
public struct ValueCheck: Sendable {
  public typealias Check =
    @Sendable (EntityType, FieldSet.Use, [String: JSONValue]) throws(FieldProblems)
    -> [String: JSONValue]
  private let check: Check

  public init(_ check: @escaping Check) {
    self.check = check
  }

  /// The same field sets that REST bodies are checked with, cut to what devices may write.
  public static let fieldSets = ValueCheck { (type, use, values) throws(FieldProblems) in
    guard let fields = type.writableFields else { return values }
    var checked = try fields.checked(.object(values), as: use)
    // The picture has been checked by what it shows; it has no column.
    checked[SignatureImage.field] = values[SignatureImage.field]
    return checked
  }

  /// Takes every value as it comes: for tests of other rules.
  public static let none = ValueCheck { (_, _, values) throws(FieldProblems) in values }

  public func callAsFunction(
    _ type: EntityType, _ use: FieldSet.Use, _ values: [String: JSONValue]
  ) throws(FieldProblems) -> [String: JSONValue] {
    try check(type, use, values)
  }
}

extension EntityType {
  /// Core's fields of the type that a device may write; nil where it writes none.
  public var writableFields: FieldSet? { EntityType.fieldSets[self] }

  private static let fieldSets: [EntityType: FieldSet] = {
    var sets: [EntityType: FieldSet] = [:]
    for type in EntityType.allCases {
      guard let all = type.coreFields else { continue }
      sets[type] = FieldSet(
        all.fields.filter { field in
          field.name != SignatureImage.field
            && type.rule(of: field.name).map { $0.writable != .never } ?? false
        })
    }
    sets[.signature] = sets[.signature].map {
      $0 + FieldSet([.optional(SignatureImage.field, .text(max: .max))])
    }
    return sets
  }()

  private var coreFields: FieldSet? {
    switch self {
    case .dossier: Dossier.fields + Dossier.status
    case .appointment: Appointment.fields
    case .outbuilding: Outbuilding.fields
    case .dossierDiagnostic: DossierDiagnostic.fields
    case .missionOrder: MissionOrder.fields
    case .signature: Signature.fields
    case .payment: Payment.fields
    case .attachment: Attachment.fields
    case .contact: Contact.fields
    case .building: Building.fields
    case .module: Module.fields
    case .fieldProposal: FieldProposal.decision
    case .dossierContact, .leadAnalyserBooking, .syncConflict, .parkedEdit, .diagnosticType, .organization:
      nil
    }
  }
}
