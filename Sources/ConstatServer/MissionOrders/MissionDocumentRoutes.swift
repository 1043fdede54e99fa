import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// The three parts of the mission order (MIS-01…04): which are to be had and why the others are not, what each says, and
/// the files that are made of them.
struct MissionDocumentRoutes {
  private static let write = Access.staff(.admin, .office, .accountant, .sales, .technician)

  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/mission-order/parts", .staff) { reading in
      try reading.call.query.only()
      let (organization, id) = (try reading.call.organization, try reading.call.id())
      let results = try await reading.query([
        MissionPartStore.facts(organization, dossier: id),
        MissionDocumentStore.latest(organization, dossier: id),
      ])
      guard let row = results[0].first else { throw Problem.notFound }
      return .json([
        "items": .array(
          try Self.shown(MissionOrderPart.allCases, MissionPartStore.facts(row), latest: results[1])),
        "next_cursor": nil,
      ])
    }
    routes.get("/v1/dossiers/{id}/mission-order/parts/{part}", .staff) { try await part($0) }
    routes.post("/v1/dossiers/{id}/mission-order/parts/{part}/rendering", Self.write) {
      try await request($0)
    }
    routes.get("/v1/mission-documents/{id}", .staff) { reading in
      try .resource(
        await reading.query(MissionDocumentStore.one(reading.call.organization, reading.call.id())))
    }
    routes.get("/v1/mission-documents/{id}/content", .staff) { try await file($0) }
  }

  /// Each part with what stands against it and its latest edition.
  static func shown(_ parts: [MissionOrderPart], _ facts: MissionOrderPart.Facts, latest: QueryResult) throws
    -> [JSONValue]
  {
    let editions = try latest.map { try JSONValue($0) }
    return parts.map { part in
      let obstacles = part.obstacles(facts)
      return [
        "part": .string(part.rawValue), "available": .bool(obstacles.isEmpty),
        "obstacles": .array(obstacles.map { .string($0.rawValue) }),
        "document": editions.first { $0["part"]?.string == part.rawValue } ?? .null,
      ]
    }
  }

  private func part(_ reading: ReadCall) async throws -> Reply {
    try reading.call.query.only()
    let (organization, id) = (try reading.call.organization, try reading.call.id())
    let part = try Self.part(reading.call)
    let source = MissionPartContent(part: part, organization: organization, dossier: id)
    let results = try await reading.query(
      [
        MissionPartStore.facts(organization, dossier: id),
        MissionDocumentStore.signed(organization, dossier: id, part),
      ] + source.queries)
    guard let row = results[0].first else { throw Problem.notFound }
    let obstacles = part.obstacles(try MissionPartStore.facts(row))
    var content = JSONValue.null
    if let signed = results[1].first {
      // What both parties signed stays as they signed it.
      content = try PushStore.json(signed, "content")
    } else if obstacles.isEmpty {
      content = try source.content(of: Array(results.dropFirst(2)))
    }
    // Who signed and when is for those who read the field return (IDN-11).
    if content["signatures"] != nil, try await !reading.principal().profiles.readsFieldReturn {
      content = content.replacing("signatures", by: [])
    }
    return .json([
      "part": .string(part.rawValue), "available": .bool(obstacles.isEmpty),
      "obstacles": .array(obstacles.map { .string($0.rawValue) }), "content": content,
    ])
  }

  private func request(_ writing: WriteCall) async throws -> Reply {
    let (part, dossier) = (try Self.part(writing.call), try writing.call.id())
    let outcome = try await RequestEdition(
      transaction: writing.transaction, organization: writing.organization,
      newID: writing.call.clock.newID, actor: writing.principal.actor
    ).run(part, of: dossier)
    guard let outcome else { throw Problem.notFound }
    guard let id = outcome.id else {
      throw Problem.conflict(
        "part-unavailable", "Volet indisponible",
        members: ["obstacles": .array(outcome.obstacles.map { .string($0.rawValue) })])
    }
    return try .resource(
      await writing.transaction.query(MissionDocumentStore.one(writing.organization, id)), status: .accepted,
      location: "/v1/mission-documents/\(id.wire)")
  }

  private func file(_ reading: ReadCall) async throws -> Reply {
    let organization = try reading.call.organization
    let result = try await reading.query(MissionDocumentStore.file(organization, reading.call.id()))
    guard let row = result.first, let part = MissionOrderPart(rawValue: try row.get("part")) else {
      throw Problem.notFound
    }
    // A signed field document, for administrators and accountants (IDN-11, MIS-28).
    if try row.get("is_signed", as: Bool.self), try await !reading.principal().profiles.readsFieldReturn {
      throw Problem.forbidden
    }
    let state: String = try row.get("state")
    guard state == MissionDocument.State.rendered.rawValue else {
      throw Problem.conflict(
        "not-rendered", "Document pas encore produit", members: ["state": .string(state)])
    }
    let mediaType: String = try row.get("media_type")
    return .download(
      try await reading.call.services.content(of: result, in: organization), type: mediaType,
      named: Self.fileName(part, try row.get("dossier_number"), mediaType))
  }

  static func fileName(_ part: MissionOrderPart, _ dossierNumber: Int64, _ mediaType: String) -> String {
    let name =
      switch part {
      case .interventionSheet: "feuille-intervention"
      case .commercialOrder: "ordre-de-mission"
      case .paymentReceipt: "recu"
      }
    return "\(name)-\(dossierNumber).\(mediaType == FileKind.pdf.rawValue ? "pdf" : "bin")"
  }

  private static func part(_ call: Call) throws -> MissionOrderPart {
    guard let part = call.parameters["part"].flatMap(MissionOrderPart.init(rawValue:)) else {
      throw Problem.notFound
    }
    return part
  }
}

extension JSONValue {
  fileprivate func replacing(_ member: String, by value: JSONValue) -> JSONValue {
    guard var members = object else { return self }
    members[member] = value
    return .object(members)
  }
}
