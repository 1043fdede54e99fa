import ConstatCore
import Foundation
import Postgres

/// Price lists (ORG-07), and the price that one gives for an order (DOS-39…41).
struct PricingRoutes {
  func register(in routes: inout Routes) {
    Resource(
      "/v1/price-lists", table: "price_list", fields: PriceList.fields, read: .staff, write: .staff(.admin),
      filters: ["active"], one: PriceListStore.one, list: PriceListStore.page
    ).register(in: &routes)
    ChildResource(
      of: ("/v1/price-lists", "price_list"), collection: "lines", path: "/v1/price-list-lines",
      table: "price_list_line", link: "price_list_id", fields: PriceListLine.fields,
      read: .staff, write: .staff(.admin), deletable: true,
      one: PriceListStore.line, list: PriceListStore.lines,
      prepare: { writing, id, use, values in try await Self.check(writing, id, use, values) }
    ).register(in: &routes)
    routes.compute("/v1/price-calculations", .staff) { try await calculate($0) }
  }

  /// A unit line prices exactly one diagnostic; every code is in the catalogue.
  private static func check(
    _ writing: WriteCall, _ id: UUID, _ use: Resource.Use, _ values: [String: JSONValue]
  ) async throws {
    guard use != .deletion, values["kind"] != nil || values["diagnostic_codes"] != nil else { return }
    var kind = values["kind"]?.string
    var codes = values["diagnostic_codes"]?.array?.compactMap(\.string)
    if let codes {
      let unknown = try await writing.transaction.query(
        PriceListStore.unknownCodes(writing.organization, codes))
      if let code: String = try unknown.first?.get("code") {
        throw Problem.field("/diagnostic_codes", "not-found", "le diagnostic \(code) n'est pas au catalogue")
      }
      if codes.isEmpty || Set(codes).count != codes.count {
        throw Problem.field("/diagnostic_codes", "inconsistent", "des diagnostics distincts sont attendus")
      }
    }
    if use == .change, kind == nil || codes == nil,
      let row = try await writing.transaction.query(PriceListStore.line(writing.organization, id)).first
    {
      kind = try kind ?? row.get("kind")
      codes = try codes ?? row.get("diagnostic_codes")
    }
    if kind == PriceListLine.Kind.unit.rawValue, codes?.count != 1 {
      throw Problem.field(
        "/diagnostic_codes", "inconsistent", "un prix à l'unité vaut pour un seul diagnostic")
    }
  }

  /// The order as a body gives it. `gross_incl_tax_cents` is an amount typed by hand.
  private static let order =
    FieldSet([
      .defaulted("nature", .choice(Dossier.Nature.self)), .required("price_list_id", .uuid),
      .required("diagnostic_codes", .list(of: .code, max: 30)), .optional("prescriber_id", .uuid),
      .optional("gross_incl_tax_cents", .positiveCents),
    ]) + Dossier.facts
    + Dossier.price.only("discount_kind", "discount_rate", "discount_cents", "discount_comment")

  /// Pack price, sum of unit prices and a typed amount side by side, each with the discount taken off.
  private func calculate(_ reading: ReadCall) async throws -> Reply {
    let organization = try reading.call.organization
    let body = try reading.call.fields(Self.order, as: .creation)
    guard let list = body["price_list_id"]?.string.flatMap(UUID.init(uuidString:)) else {
      throw Problem.notFound
    }
    let prescriber = body["prescriber_id"]?.string.flatMap(UUID.init(uuidString:))
    let ground = try PriceGround(
      results: await reading.query(PriceGround.queries(organization, list: list, prescriber: prescriber))[...]
    )
    guard let vatRate = ground.vatRate else {
      throw Problem.field("/price_list_id", "not-found", "cette grille n'existe pas")
    }
    let discount = ground.discount(try PriceGround.choice(body))
    do {
      let codes = Set(body["diagnostic_codes"]?.array?.compactMap(\.string) ?? [])
      let calculation = try PriceCalculation(
        codes: codes, facts: DossierFacts(columns: body), lines: ground.lines)
      func shown(_ proposal: PriceProposal?) throws(PricingError) -> JSONValue {
        guard let proposal else { return .null }
        let price = try DossierPrice(
          proposal, vatRate: vatRate, discount: discount?.discount, discountComment: discount?.comment)
        return Self.shown(price, lines: proposal.lines)
      }
      var manual = JSONValue.null
      if let typed = body["gross_incl_tax_cents"]?.integer {
        manual = Self.shown(
          try DossierPrice(
            mode: .manual, gross: Money(cents: typed), estimatedMinutes: nil, vatRate: vatRate,
            discount: discount?.discount, discountComment: discount?.comment), lines: [])
      }
      return .json([
        "price_list_id": .string(list.uuidString.lowercased()), "vat_rate": .string(vatRate.percent),
        "pack": try shown(calculation.pack), "unit": try shown(calculation.unit), "manual": manual,
        "without_unit_price": .array(calculation.withoutUnitPrice.map { .string($0) }),
      ])
    } catch {
      throw Problem(error)
    }
  }

  private static func shown(_ price: DossierPrice, lines: [PriceListLine]) -> JSONValue {
    var rate = JSONValue.null
    if case .rate(let percent)? = price.discount { rate = .string(percent.percent) }
    return [
      "mode": .string(price.mode.rawValue), "gross_incl_tax_cents": .integer(price.gross.cents),
      "discount_kind": JSONValue(price.discount?.kind.rawValue), "discount_rate": rate,
      "discount_cents": .integer(price.discountAmount.cents),
      "discount_comment": JSONValue(price.discountComment),
      "price_incl_tax_cents": .integer(price.inclTax.cents),
      "price_excl_tax_cents": .integer(price.exclTax.cents),
      "vat_cents": .integer(price.price.tax.cents),
      "estimated_minutes": JSONValue(price.estimatedMinutes.map(Int64.init)),
      "lines": .array(
        lines.map { line in
          [
            "id": .string(line.id.lowercased()), "kind": .string(line.kind.rawValue),
            "label": .string(line.label),
            "diagnostic_codes": .array(line.diagnosticCodes.sorted().map { .string($0) }),
            "amount_incl_tax_cents": .integer(line.amountInclTax.cents),
            "duration_minutes": .integer(Int64(line.durationMinutes)),
          ]
        }),
    ]
  }
}
