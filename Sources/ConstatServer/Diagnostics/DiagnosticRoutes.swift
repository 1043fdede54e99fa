import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// The catalogue of diagnostics, what the facts of a property ask for, and the diagnostics of each dossier
/// with their conclusions and validity (DIA-01…).
struct DiagnosticRoutes {
  func register(in routes: inout Routes) {
    Resource(
      "/v1/diagnostic-types", table: "diagnostic_type", fields: DiagnosticType.fields,
      read: .staff, write: .staff(.admin), filters: ["active"],
      one: DiagnosticStore.type, list: DiagnosticStore.types
    ).register(in: &routes)
    ChildResource(
      of: ("/v1/dossiers", "dossier"), collection: "diagnostics", path: "/v1/dossier-diagnostics",
      table: "dossier_diagnostic", link: "dossier_id", fields: DossierDiagnostic.fields,
      read: .staff, write: DossierRoutes.write, deletable: true,
      one: DiagnosticStore.diagnostic, list: DiagnosticStore.diagnostics, shown: Self.shown,
      prepare: Self.prepare,
      proposesDeletion: { try await ProposeChange($0).proposesDeletion(of: .dossierDiagnostic, $1) }
    ).register(in: &routes)
    routes.compute("/v1/diagnostic-suggestions", .staff) { try await suggest($0) }
  }

  /// The facts as a body gives them, with the day of the deed or lease for which the rules are asked.
  private static let question =
    FieldSet([
      .required("nature", .choice(Dossier.Nature.self)), .optional("deed_on", .day),
      .optional("energy_class", .choice(["A", "B", "C", "D", "E", "F", "G"])),
    ]) + Dossier.facts

  /// What to tick and what to ask (DOS-38): certain suggestions, and those that an unknown fact leaves open.
  private func suggest(_ reading: ReadCall) async throws -> Reply {
    let organization = try reading.call.organization
    let results = try await reading.query([
      OrganizationClockStore.query(organization), DiagnosticStore.catalogue(organization),
    ])
    let body = try reading.call.fields(Self.question, as: .creation)
    let today = try OrganizationClockStore.clock(results[0]).today(reading.call.clock)
    let day = body["deed_on"]?.string.flatMap { Day($0) } ?? today
    let labels = Dictionary(
      try results[1].map { (try $0.get("code", as: String.self), try $0.get("label", as: String.self)) },
      uniquingKeysWith: { $1 })
    let facts = DossierFacts(columns: body)
    let all = DiagnosticSuggestion.suggest(facts, on: day) + DiagnosticSuggestion.unclear(facts, on: day)
    let items = all.filter { labels[$0.code.rawValue] != nil }.map { suggestion -> JSONValue in
      [
        "code": .string(suggestion.code.rawValue), "label": JSONValue(labels[suggestion.code.rawValue]),
        "certain": .bool(suggestion.isCertain), "reason": .string(suggestion.reason),
        "legal_basis": .string(suggestion.legalBasis),
        "missing_facts": .array(suggestion.missingFacts.map { .string($0) }),
      ]
    }
    return .json(["evaluated_on": .string(day.description), "items": .array(items)])
  }

  /// Computes the end of validity from what the row will hold (DIA-03, DIA-04).
  private static func prepare(
    _ writing: WriteCall, _ id: UUID, _ use: Resource.Use, _ values: inout [String: JSONValue]
  ) async throws {
    let store = DiagnosticStore(writing.transaction, writing.organization)
    switch use {
    case .deletion: return
    case .creation:
      guard let dossier = values["dossier_id"]?.string.flatMap(UUID.init(uuidString:)) else { return }
      let validity = DiagnosticValidity.evaluate(
        code: values["diagnostic_code"]?.string ?? "",
        transaction: try await store.transactionType(of: dossier),
        outcome: values["outcome"]?.string.flatMap(DiagnosticOutcome.init(rawValue:)),
        visitedOn: values["visited_on"]?.string.flatMap { Day($0) })
      values["valid_until"] = JSONValue(validity.day?.description)
    case .change:
      guard var ground = try await store.ground(of: id) else { throw Problem.notFound }
      try await ProposeChange(writing).divide(&values, of: .dossierDiagnostic, id)
      if let outcome = values["outcome"] {
        ground.outcome = outcome.string.flatMap(DiagnosticOutcome.init(rawValue:))
      }
      if let visit = values["visited_on"] { ground.visitedOn = visit.string.flatMap { Day($0) } }
      values["valid_until"] = JSONValue(ground.day?.description)
    }
  }

  /// Adds what the row alone does not tell: whether it is unlimited or not yet known, and the reminder that
  /// the law's report prevails (DIA-07).
  static func shown(_ row: JSONValue) -> JSONValue {
    guard case .object(var members) = row else { return row }
    let transaction = members.removeValue(forKey: "transaction_type")?.string
    let validity = DiagnosticValidity.evaluate(
      code: members["diagnostic_code"]?.string ?? "",
      transaction: transaction.flatMap(TransactionType.init(rawValue:)),
      outcome: members["outcome"]?.string.flatMap(DiagnosticOutcome.init(rawValue:)),
      visitedOn: members["visited_on"]?.string.flatMap { Day($0) })
    let (kind, missing): (String, String?) =
      switch validity {
      case .until: ("until", nil)
      case .unlimited: ("unlimited", nil)
      case .unknown(let missing): ("unknown", Self.word(missing))
      }
    members["validity"] = .string(kind)
    members["validity_missing"] = JSONValue(missing)
    members["disclaimer"] =
      members["pre_conclusion"]?.string == nil && members["outcome"]?.string == nil
      ? .null : .string(DossierDiagnostic.disclaimer)
    return .object(members)
  }

  private static func word(_ missing: DiagnosticValidity.Missing) -> String {
    switch missing {
    case .visit: "visit"
    case .outcome: "outcome"
    case .transaction: "transaction"
    case .rule: "rule"
    case .notApplicable: "not_applicable"
    }
  }
}
