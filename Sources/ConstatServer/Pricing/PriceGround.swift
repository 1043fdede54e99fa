import ConstatCore
import Foundation
import Postgres

/// What a price is computed from besides the order itself: the price list, and the prescriber's systematic
/// discount (DOS-41).
struct PriceGround {
  let vatRate: Rate?
  let lines: [PriceListLine]
  let prescriberRate: Rate?
  let prescriberComment: String?

  /// Three statements, to send along with others; `init(results:)` reads their results.
  static func queries(_ organization: UUID, list: UUID?, prescriber: UUID?) -> [SQL] {
    [
      PriceListStore.rate(organization, list), PriceListStore.lines(organization, list ?? organization),
      PriceListStore.systematicDiscount(organization, prescriber),
    ]
  }

  init(results: ArraySlice<QueryResult>) throws {
    let results = Array(results)
    vatRate = try PriceListStore.rate(results[0])
    lines = try PriceListStore.lines(results[1])
    prescriberRate = try results[2].first.flatMap { try $0.get("discount_rate", as: Int?.self) }
      .map { Rate(hundredths: $0) }
    prescriberComment = try results[2].first.flatMap { try $0.get("discount_comment", as: String?.self) }
  }

  /// What the columns of a body say of the discount: an explicit null is none, silence is the systematic one.
  static func choice(_ values: [String: JSONValue]) throws -> DiscountChoice {
    let rate = values["discount_rate"]?.integer.map { Rate(hundredths: Int(clamping: $0)) }
    let amount = values["discount_cents"]?.integer.map { Money(cents: $0) }
    let comment = values["discount_comment"]?.string
    switch values["discount_kind"]?.string.flatMap(Discount.Kind.init(rawValue:)) {
    case .rate?:
      guard let rate else {
        throw Problem.field("/discount_rate", "required", "le taux de la remise est attendu")
      }
      return .typed(.rate(rate), comment: comment)
    case .amount?:
      guard let amount else {
        throw Problem.field("/discount_cents", "required", "le montant de la remise est attendu")
      }
      return .typed(.amount(amount), comment: comment)
    case nil:
      switch (rate, amount) {
      case (let rate?, nil): return .typed(.rate(rate), comment: comment)
      case (nil, let amount?): return .typed(.amount(amount), comment: comment)
      case (_?, _?):
        throw Problem.field("/discount_kind", "required", "une remise est un taux ou un montant")
      case (nil, nil):
        let isSilent = ["discount_kind", "discount_rate", "discount_cents"].allSatisfy { values[$0] == nil }
        return isSilent ? .systematic : .none
      }
    }
  }

  func discount(_ choice: DiscountChoice) -> (discount: Discount, comment: String?)? {
    choice.discount(prescriberRate: prescriberRate, prescriberComment: prescriberComment)
  }
}
