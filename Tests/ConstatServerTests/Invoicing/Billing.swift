import ConstatCore
import ConstatServer
import Foundation
import Postgres
import Support
import Testing

/// An organization with a company, a payer and a dossier, and the short words in which billing tests speak.
struct Billing {
  let server: TestServer
  let org: TestOrganization
  let company: UUID
  let payer: UUID
  let dossier: UUID

  var office: String { org.office.token }

  /// Founds it; `vatPoint` is the company's.
  static func found(
    on server: TestServer, _ slug: String = "cabinet-basque", vatPoint: Company.VATPoint = .collection
  ) async throws -> Billing {
    let org = try await server.organization(slug)
    let clock = server.services.clock
    let (payer, dossier) = (clock.newID(), clock.newID())
    let company = try await self.company(on: server, org.id, siren: "732829320", vatPoint: vatPoint)
    try await server.asOwner(org.id) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO contact (organization_id, id, last_name, first_name, street, postcode, city, accounting_code)
        VALUES (\(org.id), \(payer), 'Etcheverry', 'Maite', '3 rue Gambetta', '64100', 'Bayonne', 'CETCH')
        """)
      _ = try await transaction.execute(
        """
        INSERT INTO dossier (organization_id, id, number, nature, payer_id, price_mode, gross_incl_tax_cents,
          discount_kind, discount_rate, discount_cents, price_incl_tax_cents, vat_rate, created_by)
        VALUES (\(org.id), \(dossier), 1, 'sale_rental_management', \(payer), 'pack', 44089, 'rate', 1000, 4409, 39680,
          2000, 'test')
        """)
    }
    return Billing(server: server, org: org, company: company, payer: payer, dossier: dossier)
  }

  static func company(
    on server: TestServer, _ organization: UUID, siren: String, vatPoint: Company.VATPoint = .collection
  ) async throws -> UUID {
    let id = server.services.clock.newID()
    try await server.asOwner(organization) { transaction in
      _ = try await transaction.execute(
        """
        INSERT INTO company (organization_id, id, name, siren, city, vat_point)
        VALUES (\(organization), \(id), 'Diag Adour', \(siren), 'Bayonne', \(vatPoint.rawValue))
        """)
    }
    return id
  }

  /// A line of one unit priced tax included.
  static func line(_ cents: Int64, _ designation: String = "DPE", vat: String = "20") -> JSONValue {
    [
      "designation": .string(designation), "unit_price_incl_tax_cents": .integer(cents),
      "vat_rate": .string(vat),
    ]
  }

  /// A draft; of the dossier's price when no lines are given.
  func draft(
    _ lines: [JSONValue]? = nil, _ more: [String: JSONValue] = [:], ofDossier: Bool = true
  ) async throws -> TestServer.Answer {
    var body: [String: JSONValue] = more
    body["payer_id"] = body["payer_id"] ?? .string(payer.uuidString)
    if ofDossier { body["dossier_id"] = .string(dossier.uuidString) }
    if let lines { body["lines"] = .array(lines) }
    return try await server.post("/v1/invoices", as: office, .object(body))
  }

  @discardableResult
  func issue(_ draft: TestServer.Answer, on day: String? = nil) async throws -> TestServer.Answer {
    let body: JSONValue = day.map { ["issued_on": .string($0)] } ?? [:]
    return try await server.post(
      "/v1/invoices/\(draft["id"].string ?? "")/issuance", as: office, body, key: UUID().uuidString)
  }

  /// An issued invoice.
  func invoice(
    _ lines: [JSONValue]? = nil, _ more: [String: JSONValue] = [:], ofDossier: Bool = true
  ) async throws -> TestServer.Answer {
    let issued = try await issue(draft(lines, more, ofDossier: ofDossier))
    #expect(issued.status == 200, "\(issued.text)")
    return issued
  }

  func read(_ invoice: TestServer.Answer) async throws -> TestServer.Answer {
    try await server.get("/v1/invoices/\(invoice["id"].string ?? "")", as: office)
  }

  @discardableResult
  func pay(
    _ cents: Int64, _ means: PaymentMeans = .cheque, _ more: [String: JSONValue] = [:]
  ) async throws -> TestServer.Answer {
    var body: [String: JSONValue] = [
      "means": .string(means.rawValue), "amount_cents": .integer(cents),
      "dossier_id": .string(dossier.uuidString),
      "received_on": .string(Zone.paris.day(of: server.services.clock.now()).description),
    ]
    body.merge(more) { $1 }
    return try await server.post("/v1/payments", as: office, .object(body), key: UUID().uuidString)
  }

  /// A value that hand-typed SQL finds in the organization.
  func value<T: SQLDecodable & Sendable>(_ type: T.Type, _ sql: SQL) async throws -> T? {
    try await server.asOwner(org.id) { try await $0.value(type, sql) }
  }

  /// What accounts come to, debit less credit, by account number.
  func balances() async throws -> [String: Int64] {
    try await server.asOwner(org.id) { transaction in
      let rows = try await transaction.query(
        """
        SELECT account, sum(debit_cents - credit_cents)::bigint AS net FROM journal_line
        WHERE organization_id = \(org.id) GROUP BY account
        """)
      return Dictionary(
        uniqueKeysWithValues: try rows.map { (try $0.get("account") as String, try $0.get("net") as Int64) }
      ).filter { $0.value != 0 }
    }
  }
}

/// A clock that stands still.
extension WallClock {
  static func fixed(_ text: String) -> WallClock {
    var clock = WallClock.system
    let now = Instant(text)!
    clock.now = { now }
    return clock
  }
}
