public import ConstatCore
import Foundation

/// Sets up an organization through the API, as its administrator would on the first day: staff, catalogue,
/// prices, contacts, a building, a lead analyser, a first dossier, company. What is there already is left alone, so it can be run again after being cut
/// short.
public struct DemoOrganization: Sendable {
  /// A member of staff to add.
  public struct Member: Sendable {
    public let signIn: Story.SignIn
    public let firstName: String
    public let lastName: String
    public let profile: Profile

    public init(signIn: Story.SignIn, firstName: String, lastName: String, profile: Profile) {
      self.signIn = signIn
      self.firstName = firstName
      self.lastName = lastName
      self.profile = profile
    }
  }

  let cast: Story.Cast

  public init(cast: Story.Cast) { self.cast = cast }

  public func setUp() async throws {
    try await setUp(Stage(cast: cast, tell: { _ in }))
  }

  private func setUp(_ stage: Stage) async throws {
    let admin = try await stage.signIn(cast.admin)
    try await staff(stage, admin)
    if try await stage.get("/v1/diagnostic-types", admin).items.isEmpty {
      for (position, entry) in DiagnosticCatalogueEntry.defaults.enumerated() {
        _ = try await stage.post(
          "/v1/diagnostic-types", admin,
          [
            "code": .string(entry.code.rawValue), "label": .string(entry.label),
            "in_technical_file": .bool(entry.inTechnicalFile),
            "requires_lead_analyser": .bool(entry.requiresLeadAnalyser),
            "duration_minutes": .integer(Int64(entry.durationMinutes)), "position": .integer(Int64(position)),
          ], step: "diagnostic \(entry.code)")
      }
    }
    if try await stage.get("/v1/price-lists", admin).items.isEmpty { try await priceList(stage, admin) }
    if try await stage.get("/v1/contacts", admin).items.isEmpty { try await contacts(stage, admin) }
    if try await stage.get("/v1/lead-analysers", admin).items.isEmpty {
      _ = try await stage.post(
        "/v1/lead-analysers", admin, ["name": "Heuresis 1", "serial_number": "PB200-0412"],
        step: "lead analyser")
    }
    if try await stage.get("/v1/buildings", admin).items.isEmpty { try await building(stage, admin) }
    if try await stage.get("/v1/dossiers", admin).items.isEmpty { try await dossier(stage, admin) }
    // Last: an organization that has a company is complete.
    if try await stage.get("/v1/companies", admin).items.isEmpty {
      _ = try await stage.post(
        "/v1/companies", admin,
        [
          "name": "Diagnostics du Labourd SARL", "siren": "732829320", "siret": "73282932000074",
          "vat_number": "FR44732829320", "street": "4 quai Galuperie", "postcode": "64100", "city": "Bayonne",
          "iban": "FR1420041010050500013M02606", "bic": "PSSTFRPPBOR",
        ], step: "company")
    }
  }

  private func staff(_ stage: Stage, _ admin: String) async throws {
    let known = Set(
      try await stage.get("/v1/users?limit=200", admin).items.compactMap { $0["email"]?.string })
    let members = [
      Member(signIn: cast.office, firstName: "Claire", lastName: "Dufau", profile: .office),
      Member(signIn: cast.accountant, firstName: "Maritxu", lastName: "Bidegain", profile: .accountant),
      Member(signIn: cast.marc, firstName: "Marc", lastName: "Bidart", profile: .technician),
      Member(signIn: cast.nadia, firstName: "Nadia", lastName: "Sarrat", profile: .technician),
    ]
    for member in members where !known.contains(member.signIn.email) {
      _ = try await stage.post(
        "/v1/users", admin,
        [
          "email": .string(member.signIn.email), "first_name": .string(member.firstName),
          "last_name": .string(member.lastName), "profiles": [.string(member.profile.rawValue)],
          "password": .string(member.signIn.password),
        ], step: "account of \(member.firstName)")
    }
  }

  private func priceList(_ stage: Stage, _ admin: String) async throws {
    let list = try await stage.post(
      "/v1/price-lists", admin, ["name": "Tarif général", "vat_rate": "20"], step: "price list")
    let units: [(String, String, Int64, Int64)] = [
      ("dpe", "DPE", 14_900, 45), ("lead", "CREP (plomb)", 14_500, 60), ("asbestos", "Amiante", 10_900, 40),
      ("termites", "Termites", 9_900, 30), ("gas", "Gaz", 11_000, 30),
      ("electricity", "Électricité", 11_000, 30),
      ("risk_report", "ERP", 2_900, 5), ("carrez", "Loi Carrez", 8_900, 30),
    ]
    for (code, label, cents, minutes) in units {
      _ = try await stage.post(
        "/v1/price-lists/\(list.id)/lines", admin,
        [
          "kind": "unit", "label": .string(label), "diagnostic_codes": [.string(code)],
          "amount_incl_tax_cents": .integer(cents), "duration_minutes": .integer(minutes),
        ], step: "price of \(label)")
    }
    _ = try await stage.post(
      "/v1/price-lists/\(list.id)/lines", admin,
      [
        "kind": "pack", "label": "Pack vente appartement avant 1949", "property_type": "apartment",
        "diagnostic_codes": ["dpe", "lead", "asbestos", "termites", "electricity", "carrez"],
        "amount_incl_tax_cents": 49_600, "duration_minutes": 150,
      ], step: "pack")
  }

  private func building(_ stage: Stage, _ admin: String) async throws {
    let building = try await stage.post(
      "/v1/buildings", admin,
      [
        "name": "Résidence Aupera", "street": "21 rue Pannecau", "postcode": "64100", "city": "Bayonne",
        "insee_code": "64102", "built_year": 1934, "permit_year": 1933, "co_ownership": true,
      ], step: "building")
    _ = try await stage.post(
      "/v1/buildings/\(building.id)/modules", admin,
      [
        "label": "Appartement 2A", "property_type": "apartment", "lot_number": "12", "floor": "2",
        "floor_area_hundredths": 6150, "room_count": 3,
      ], step: "module")
  }

  /// An order on the building's first module.
  private func dossier(_ stage: Stage, _ admin: String) async throws {
    let building = try await stage.get("/v1/buildings", admin).items.first?["id"]?.string ?? ""
    let module = try await stage.get("/v1/buildings/\(building)/modules", admin).items.first?["id"] ?? .null
    let owner = try await stage.get("/v1/contacts?q=harriague", admin).items.first?["id"] ?? .null
    _ = try await stage.post(
      "/v1/dossiers", admin,
      [
        "nature": "sale_rental_management", "transaction_type": "rental", "module_id": module,
        "owner_id": owner, "payer_id": owner, "diagnostics": ["dpe", "lead"], "contact_origin": "Téléphone",
      ], step: "first dossier")
  }

  private func contacts(_ stage: Stage, _ admin: String) async throws {
    let contacts: [JSONValue] = [
      [
        "last_name": "Harriague", "first_name": "Jeanne", "title": "Mme", "phone": "05 59 25 00 01",
        "email": "jeanne.harriague@example.test", "street": "8 rue d'Espagne", "postcode": "64100",
        "city": "Bayonne",
      ],
      [
        "kind": "agency", "company_name": "Agence de la Nive", "last_name": "Sallaberry",
        "first_name": "Peio",
        "email": "agence@example.test", "discount_rate": "10", "discount_comment": "Apporteur d'affaires",
        "street": "3 quai des Corsaires", "postcode": "64100", "city": "Bayonne",
      ],
      [
        "kind": "notary", "company_name": "Étude Goyeneche", "last_name": "Goyeneche",
        "email": "etude@example.test",
        "postcode": "64500", "city": "Saint-Jean-de-Luz",
      ],
    ]
    for contact in contacts {
      _ = try await stage.post(
        "/v1/contacts", admin, contact, step: "contact \(contact["last_name"]?.string ?? "")")
    }
  }
}
