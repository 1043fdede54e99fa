public import ConstatCore
public import ConstatSync

/// A mission as the technician sees it: what the office sent, with what was corrected on site, sent or not.
public struct Mission: Sendable, Hashable, Identifiable {
  /// The dossier's id.
  public let id: String
  public let number: Int64
  public let reference: String?
  public let status: DossierStatus?
  public let isUrgent: Bool
  public let address: PropertyAddress
  public let access: PropertyAccess
  /// What suggestions, prices and reports are drawn from. Nil members are unknown.
  public let facts: DossierFacts
  /// The contacts with a role in the dossier, by role.
  public let contacts: [DossierRole: MissionContact]
  /// Everyone whom the dossier names, by name: the choice of payers at step 4 (MIS-11).
  public let people: [MissionContact]
  public let building: [String: JSONValue]?
  public let module: [String: JSONValue]?
  public let outbuildings: [MissionOutbuilding]
  public let diagnostics: [MissionDiagnostic]
  /// The catalogue that diagnostics are added from.
  public let catalogue: [CatalogueDiagnostic]
  /// By time. More than one where a visit has to be repeated.
  public let appointments: [MissionAppointment]
  public let price: MissionPrice
  /// When the client signed the quote: the mission order then stands for nothing (QUO-16).
  public let quoteSignedOn: Day?
  public let ademeFormSignedOn: Day?
  public let notes: String?
  /// Nil until the walk is started.
  public let order: MissionOrderRecord?
  public let payments: [MissionPayment]
  public let conflicts: [MissionConflict]
  /// What the office would change of the signed order, open ones first.
  public let proposals: [MissionProposal]
  /// What came too late from devices that had the mission before, those that wait for the office first.
  public let parkedEdits: [MissionParkedEdit]
  /// What the company lets its technicians do and see: a value that is missing may be withheld.
  public let settings: FieldSettings
  /// Fields of the dossier whose value the server has not confirmed.
  public let unconfirmedFields: Set<String>
  /// Those of them that somebody else has changed meanwhile: a conflict is to be expected.
  public let contestedFields: Set<String>

  public var owner: MissionContact? { contacts[.owner] }
  public var payer: MissionContact? { contacts[.payer] }
  /// The next appointment that is not over, or else the last.
  public var appointment: MissionAppointment? {
    appointments.first { $0.status == .planned } ?? appointments.last
  }
}

/// Where the property is (step 1).
public struct PropertyAddress: Sendable, Hashable {
  public let street: String?
  public let complement: String?
  public let postcode: String?
  public let city: String?
  public let country: String?
  public let inseeCode: String?
  public let position: Position?
}

/// A place on earth, in degrees (WGS 84).
public struct Position: Sendable, Hashable {
  public let latitude: Double
  public let longitude: Double

  public init(latitude: Double, longitude: Double) {
    self.latitude = latitude
    self.longitude = longitude
  }
}

/// How to get in (step 2).
public struct PropertyAccess: Sendable, Hashable {
  public let floor: String?
  public let door: String?
  public let staircase: String?
  public let buildingLabel: String?
  public let lotNumber: String?
  public let keyPickup: String?
  public let escort: String?
  public let comment: String?
}

/// A person or business that the dossier names.
public struct MissionContact: Sendable, Hashable, Identifiable {
  public let id: String
  public let kind: Contact.Kind
  public let companyName: String?
  public let title: String?
  public let lastName: String
  public let firstName: String?
  public let street: String?
  public let addressComplement: String?
  public let postcode: String?
  public let city: String?
  public let country: String?
  public let email: String?
  public let additionalEmails: [String]
  public let phone: String?
  public let mobile: String?
  /// Fields whose value the server has not confirmed.
  public let unconfirmedFields: Set<String>

  /// As one addresses them: the business, or first and last name.
  public var displayName: String {
    companyName ?? [firstName, lastName].compactMap { $0 }.joined(separator: " ")
  }
}

/// A cellar, a parking space or the like, that belongs to the property (step 5).
public struct MissionOutbuilding: Sendable, Hashable, Identifiable {
  public let id: String
  public let kind: Outbuilding.Kind
  public let lotNumber: String?
  public let comment: String?
}

/// A diagnostic to carry out, then what it found.
public struct MissionDiagnostic: Sendable, Hashable, Identifiable {
  public let id: String
  public let code: String
  /// The catalogue's name for it.
  public let label: String
  public let source: DossierDiagnostic.Source
  public let preConclusion: String?
  public let outcome: DiagnosticOutcome?
  public let visitedOn: Day?
  /// Computed by the server.
  public let validUntil: Day?
}

/// A diagnostic that the organization offers.
public struct CatalogueDiagnostic: Sendable, Hashable, Identifiable {
  public let id: String
  public let code: String
  public let label: String
  public let durationMinutes: Int
  public let requiresLeadAnalyser: Bool
}

/// A visit that the office has planned.
public struct MissionAppointment: Sendable, Hashable, Identifiable {
  public let id: String
  /// The account of whoever is to go there.
  public let technicianID: String?
  public let startsAt: Instant
  public let endsAt: Instant
  /// Of the tz database: what the clock on site shows.
  public let timeZone: String
  public let status: Appointment.Status
  public let comment: String?
  /// Half-days for which the lead analyser is booked.
  public let leadAnalyserHalfDays: [AnalyserHalfDay]
}

/// A half-day of the lead analyser that an appointment has booked.
public struct AnalyserHalfDay: Sendable, Hashable {
  public let analyser: String
  public let day: Day?
  public let halfDay: String
  /// True where the machine passes from one technician to the next within the commune.
  public let isHandOver: Bool
}

/// What the mission costs; amounts include tax.
public struct MissionPrice: Sendable, Hashable {
  public let mode: PriceMode?
  public let beforeDiscount: Money?
  public let amount: Money?
  public let discountComment: String?
}

/// The mission order as it stands.
public struct MissionOrderRecord: Sendable, Hashable {
  public let order: MissionOrder
  public let startedAt: Instant?
  public let startedPosition: Position?
  public let endedAt: Instant?
  public let endedPosition: Position?
  public let isCopyRequested: Bool
  public let note: String?
  public let signatures: [SignatureRecord]

  public var isFinalised: Bool { order.finalisedAt != nil }
}

/// Who has signed the mission order, as what, and when.
public struct SignatureRecord: Sendable, Hashable {
  public let signer: Signature.Signer
  public let name: String
  public let capacity: Signature.Capacity
  public let signedAt: Instant?
}

/// Money received for the mission, on site or by the office.
public struct MissionPayment: Sendable, Hashable, Identifiable {
  public let id: String
  /// The contact who paid.
  public let payerID: String?
  public let source: Payment.Source
  public let means: PaymentMeans?
  public let amount: Money
  public let receivedOn: Day?
  public let reference: String?
  public let bank: String?
  public let issuerName: String?
}

/// What the office would change of a fact that both parties have signed: the technician decides.
public struct MissionProposal: Sendable, Hashable, Identifiable {
  public let id: String
  /// The row and field that it is about.
  public let entity: EntityKey
  public let field: String
  public let signed: JSONValue
  public let proposed: JSONValue
  public let state: FieldProposal.State

  public var isOpen: Bool { state == .open }
  /// True where the office would delete the row.
  public var isDeletion: Bool { field == FieldProposal.deletion }
}

/// An edit that came too late to be applied by itself, such as that of a colleague who had the mission before. It is
/// not in the mission: the office applies it or dismisses it.
public struct MissionParkedEdit: Sendable, Hashable, Identifiable {
  public enum State: String, Sendable, Hashable {
    case parked
    case applied
    case dismissed
  }

  public let id: String
  public let reason: ParkReason?
  /// The row and the values; nil where they are of a kind that only newer apps know.
  public let edit: ParkedOutline?
  public let state: State

  public var isWaiting: Bool { state == .parked }
}

/// Two values for one field, both kept until the office decides.
public struct MissionConflict: Sendable, Hashable, Identifiable {
  public let id: String
  public let isOpen: Bool
  public let record: ConflictRecord
  /// What the office decided; nil while it has not.
  public let resolution: JSONValue?
}
