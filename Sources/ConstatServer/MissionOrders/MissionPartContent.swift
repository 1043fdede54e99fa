import ConstatCore
import Foundation
import Postgres

/// What a part of the mission order says, as JSON: the data that a file of it is made from. The same dossier gives the
/// same content, so that an edition is known again by it.
struct MissionPartContent {
  let part: MissionOrderPart
  let organization: UUID
  let dossier: UUID

  /// In the order that `content` reads their results in.
  var queries: [SQL] {
    let common = [
      MissionPartStore.head(organization, dossier: dossier),
      MissionPartStore.company(organization, dossier: dossier),
      MissionPartStore.parties(organization, dossier: dossier),
    ]
    return switch part {
    case .interventionSheet:
      common + [
        MissionPartStore.technical(organization, dossier: dossier),
        MissionPartStore.visits(organization, dossier: dossier),
        MissionOrderStore.outbuildings(organization, dossier),
        MissionOrderStore.diagnostics(organization, dossier), MissionOrderStore.price(organization, dossier),
      ]
    case .commercialOrder:
      common + [
        MissionPartStore.visits(organization, dossier: dossier),
        MissionOrderStore.outbuildings(organization, dossier),
        MissionOrderStore.diagnostics(organization, dossier), MissionOrderStore.price(organization, dossier),
        MissionPartStore.signatures(organization, dossier: dossier),
      ]
    case .paymentReceipt: common + [MissionPartStore.payments(organization, dossier: dossier)]
    }
  }

  func content(of results: [QueryResult]) throws -> JSONValue {
    var members: [String: JSONValue] = [
      "part": .string(part.rawValue), "dossier": try Self.row(results[0]),
      "company": try Self.row(results[1]),
    ]
    let parties = try Self.rows(results[2])
    func party(_ role: String) -> JSONValue { parties.first { $0["role"]?.string == role } ?? .null }
    switch part {
    case .interventionSheet:
      members["contacts"] = .array(parties)
      members["property"] = try Self.row(results[3])
      members["visits"] = .array(try Self.rows(results[4]))
      members["outbuildings"] = .array(try Self.rows(results[5]))
      members["diagnostics"] = .array(try Self.rows(results[6]))
      members["price"] = try Self.row(results[7])
    case .commercialOrder:
      members["ordering_party"] =
        MissionPartStore.orderingRoles.lazy.map(party).first { !$0.isNull } ?? .null
      members["owner"] = party("owner")
      members["payer"] = party("payer")
      members["visits"] = .array(try Self.rows(results[3]))
      members["outbuildings"] = .array(try Self.rows(results[4]))
      members["diagnostics"] = .array(try Self.rows(results[5]))
      members["price"] = try Self.row(results[6])
      members["signatures"] = .array(try Self.rows(results[7]))
    case .paymentReceipt:
      let payments = try Self.rows(results[3])
      members["payer"] = party("payer")
      members["payments"] = .array(payments)
      members["total_cents"] = .integer(
        try payments.map { Money(cents: $0["amount_cents"]?.integer ?? 0) }.total().cents)
    }
    return .object(members)
  }

  private static func rows(_ result: QueryResult) throws -> [JSONValue] {
    try result.map { try JSONValue($0) }
  }
  private static func row(_ result: QueryResult) throws -> JSONValue {
    try result.first.map { try JSONValue($0) } ?? .null
  }
}
