import ConstatCore
import ConstatServer
import Foundation
import HTTPTypes
import Postgres
import Support
import Testing

/// Another organization's ids are as unknown as made-up ones: generated from the contract, so a new route is
/// in it on its first day. A route whose ids the table below cannot tell fails the test.
@Suite struct ForeignOrganizationTests {
  /// Which row a path parameter means, by the segment before it.
  private static let kinds: [String: String] = [
    "api-tokens": "api_token", "appointments": "appointment", "attachments": "attachment",
    "bookings": "lead_analyser_booking",
    "buildings": "building", "companies": "company", "conflicts": "sync_conflict", "contacts": "agency",
    "credit-notes": "invoice", "deposit-slips": "deposit_slip", "devices": "device",
    "diagnostic-types": "diagnostic_type", "documents": "document", "dossier-contacts": "dossier_contact",
    "dossier-diagnostics": "dossier_diagnostic", "dossiers": "dossier", "instalments": "instalment",
    "invoices": "invoice", "journal-entries": "journal_entry",
    "lead-analyser-bookings": "lead_analyser_booking",
    "lead-analysers": "lead_analyser", "mission-documents": "mission_document",
    "mission-orders": "mission_order", "modules": "module",
    "outbuildings": "outbuilding", "parked": "parked_edit", "payments": "payment",
    "price-lists": "price_list", "proposals": "field_proposal",
    "price-list-lines": "price_list_line", "route-sheets": "technician", "sessions": "session",
    "signatures": "signature",
    "uploads": "upload", "users": "agency_account",
  ]

  /// Bodies that the schema alone does not make admissible.
  private static let bodies: [String: JSONValue] = [
    "allocatePayment": ["invoice_id": "019a0000-0000-7000-8000-000000000001"]
  ]

  @Test func `every route answers 404 to another organization's ids, and changes nothing`() async throws {
    try await TestServer.run { server in
      let mine = try await server.organization("mine")
      let theirs = try await server.organization("theirs")
      let rows = try await server.rows(in: theirs)
      let callers = try await server.callers(of: mine)
      let before = try await server.fingerprint()
      for route in server.app.routes.all where route.path.contains("{") {
        guard let path = Self.path(route.path, rows) else {
          Issue.record("\(route.method) \(route.path): no row is known for its ids; add it to the table")
          continue
        }
        for (kind, token) in callers where route.access.admits(kind) {
          let answer = try await server.call(route, path, as: token, body: Self.bodies)
          let expected = kind == .anonymous ? [401, 404] : [404]
          #expect(
            expected.contains(answer.status),
            "\(route.method) \(route.path) as \(kind): \(answer.status) \(answer.text.prefix(300))")
        }
      }
      #expect(try await server.fingerprint() == before)
    }
  }

  /// Without this, a table of ids that do not exist would prove nothing.
  @Test func `the ids are real: their own organization reads them`() async throws {
    try await TestServer.run { server in
      let theirs = try await server.organization("theirs")
      let rows = try await server.rows(in: theirs)
      for route in server.app.routes.all where route.path.contains("{") && route.method == .get {
        guard let path = Self.path(route.path, rows) else { continue }
        var tokens = route.access.profiles.isEmpty ? [] : [theirs.admin.token]
        if route.access.client { tokens.append(rows.payerToken) }
        for token in tokens {
          let answer = try await server.call(route, path, as: token, body: [:])
          #expect(answer.status == 200, "\(route.path): \(answer.status) \(answer.text.prefix(200))")
        }
      }
    }
  }

  private static func path(_ template: String, _ rows: TestRows) -> String? {
    var segments: [String] = []
    for segment in template.split(separator: "/").map(String.init) {
      guard segment.hasPrefix("{") else {
        segments.append(segment)
        continue
      }
      if segment == "{date}" {
        segments.append("2026-12-01")
        continue
      }
      if segment == "{part}" {
        segments.append("intervention_sheet")
        continue
      }
      guard segment.hasSuffix("id}"), let before = segments.last, let kind = kinds[before] else { return nil }
      segments.append(rows[kind].uuidString.lowercased())
    }
    return "/" + segments.joined(separator: "/")
  }
}

/// Who calls: one of each sort that a route may admit.
private enum Caller: CaseIterable {
  case staff, client, device, token, anonymous
}

extension Access {
  fileprivate func admits(_ caller: Caller) -> Bool {
    switch caller {
    case .staff: !profiles.isEmpty
    case .client: client
    case .device: device
    case .token: !scopes.isEmpty
    case .anonymous: anonymous
    }
  }
}

extension TestServer {
  /// A super-administrator, a client, a device and an API token with every scope, each with all that its sort
  /// can have.
  fileprivate func callers(of org: TestOrganization) async throws -> [(Caller, String?)] {
    let client = try await clientContact(org, "client", mainAccount: nil).token
    let device = UUID()
    let personal = BearerToken(.personal, organization: org.id, secret: services.clock.random(32))
    try await asOwner(org.id) { transaction in
      _ = try await transaction.pipeline([
        """
        INSERT INTO device (organization_id, id, technician_id, name, secret_hash)
        VALUES (\(org.id), \(device), \(org.marc.id), 'Tablette', '\\x00')
        """,
        """
        INSERT INTO api_token (organization_id, id, name, scopes, token_hash, created_by)
        VALUES (\(org.id), \(UUID()), 'Tout', \(Scope.allCases.map(\.rawValue))::text[], \(personal.hash),
          \(org.admin.id))
        """,
      ])
    }
    return [
      (.staff, org.admin.token), (.client, client),
      (.device, try await session(org.id, org.marc.id, device: device)),
      (.token, personal.text), (.anonymous, nil),
    ]
  }

  /// Calls a route with the smallest request that its contract admits.
  fileprivate func call(
    _ route: Routes.Route, _ path: String, as token: String?, body bodies: [String: JSONValue]
  ) async throws -> Answer {
    let operation = contract.document["paths"]?[route.path]?[route.method.rawValue.lowercased()] ?? .null
    let sample = SampleBody(contract)
    var headers: HTTPFields = [:]
    if route.method == .patch || route.method == .delete { headers[.ifMatch] = "*" }
    if route.requiresIdempotencyKey { headers[.init("Idempotency-Key")!] = UUID().uuidString }
    for (name, value) in try sample.headers(operation) { headers[.init(name)!] = value }
    var bytes: [UInt8]?
    if let request = try sample.request(operation) {
      headers[.contentType] = request.mediaType
      bytes = bodies[operation["operationId"]?.string ?? ""]?.serialized() ?? request.bytes
    }
    return try await send(
      route.method, path + (try sample.query(operation)), as: token, bytes: bytes, headers: headers)
  }

  /// What all organizations' versions and histories amount to: any write to a governed table changes it.
  func fingerprint() async throws -> String {
    let text: String? = try await owner.transaction { transaction, _ in
      try await transaction.value(
        String.self,
        """
        SELECT concat((SELECT string_agg(t.organization_id || ':' || t.version, ',' ORDER BY t.organization_id)
          FROM system.tenant_sync t), '/', (SELECT count(*) FROM system.history))
        """)
    }
    return text ?? ""
  }
}
