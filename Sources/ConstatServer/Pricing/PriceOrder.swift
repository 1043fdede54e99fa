import ConstatCore
import Foundation

/// The price columns that an order or a change of one asks for (DOS-39…41).
///
/// A price list and a mode take the amount from the list; `gross_incl_tax_cents` is an amount typed before
/// the discount, `price_incl_tax_cents` alone one typed after it. The discount is the order's own, or else
/// the prescriber's systematic one; once priced, a dossier keeps its discount until it is given another.
struct PriceOrder {
  /// What the body gives, and the row as it stands (empty for a new dossier).
  let given: [String: JSONValue]
  let current: [String: JSONValue]
  let codes: Set<String>
  let facts: DossierFacts
  let ground: PriceGround

  private static let discountColumns = ["discount_kind", "discount_rate", "discount_cents"]

  /// Whether the body says anything of the price.
  static func isTouched(by given: [String: JSONValue]) -> Bool {
    Dossier.price.columns.contains { given[$0] != nil && $0 != "estimated_minutes" }
  }

  /// Nil: nothing to compute, the given columns stand as they are.
  func columns() throws -> [String: JSONValue]? {
    guard Self.isTouched(by: given) else { return nil }
    if isEmptied { return emptied }
    guard let basis = try basis() else { return nil }
    let choice = try choice(isFinal: basis.isFinal)
    let discount = ground.discount(choice)
    let vatRate =
      integer("vat_rate", in: given).map { Rate(hundredths: Int(clamping: $0)) } ?? listRate ?? currentRate
    do {
      let price = try DossierPrice(
        mode: basis.mode, gross: basis.gross, estimatedMinutes: minutes ?? basis.minutes,
        vatRate: vatRate ?? Rate(hundredths: 2000), discount: discount?.discount,
        discountComment: given["discount_comment"]?.string ?? discount?.comment)
      if let typed = integer("price_incl_tax_cents", in: given), typed != price.inclTax.cents {
        throw Problem.field(
          "/price_incl_tax_cents", "inconsistent", "le prix remisé est de \(price.inclTax.cents) centimes")
      }
      return price.columns
    } catch let error as PricingError {
      throw Problem(error)
    }
  }

  private struct Basis {
    let mode: PriceMode
    let gross: Money
    let minutes: Int?
    /// The amount is what remains after the discount: none is taken off.
    var isFinal = false
  }

  private func basis() throws -> Basis? {
    let mode = given["price_mode"]?.string.flatMap(PriceMode.init(rawValue:))
    if let gross = integer("gross_incl_tax_cents", in: given) {
      return Basis(mode: mode ?? .manual, gross: Money(cents: gross), minutes: nil)
    }
    if let price = integer("price_incl_tax_cents", in: given), !asksList(mode) {
      return Basis(mode: .manual, gross: Money(cents: price), minutes: nil, isFinal: true)
    }
    if asksList(mode) {
      if codes.isEmpty, mode == nil { return nil }
      do {
        let proposal = try PriceCalculation(codes: codes, facts: facts, lines: ground.lines).proposal(mode)
        return Basis(mode: proposal.mode, gross: proposal.total, minutes: proposal.estimatedMinutes)
      } catch {
        throw Problem(error)
      }
    }
    guard let gross = integer("gross_incl_tax_cents", in: current) else {
      if mode != nil { throw Problem(PricingError.manualNeedsAmount) }
      return nil
    }
    let known = current["price_mode"]?.string.flatMap(PriceMode.init(rawValue:))
    return Basis(mode: mode ?? known ?? .manual, gross: Money(cents: gross), minutes: nil)
  }

  /// A list is named, or its other price is asked for.
  private func asksList(_ mode: PriceMode?) -> Bool {
    guard mode != .manual, ground.vatRate != nil else { return false }
    return mode != nil || given["price_list_id"]?.string != nil
  }

  private func choice(isFinal: Bool) throws -> DiscountChoice {
    let spoken = (Self.discountColumns + ["discount_comment"]).contains { given[$0] != nil }
    if spoken, Self.discountColumns.contains(where: { given[$0] != nil }) {
      return try PriceGround.choice(given)
    }
    if isFinal { return .none }
    guard current["price_incl_tax_cents"]?.integer != nil else { return .systematic }
    let kept = try PriceGround.choice(
      current.filter { (Self.discountColumns + ["discount_comment"]).contains($0.key) })
    if case .systematic = kept { return .none }
    return kept
  }

  private var minutes: Int? {
    let changesList = given["price_list_id"] != nil || given["price_mode"] != nil
    return
      (integer("estimated_minutes", in: given)
      ?? (changesList ? nil : integer("estimated_minutes", in: current)))
      .map { Int(clamping: $0) }
  }

  private var listRate: Rate? { given["price_list_id"]?.string != nil ? ground.vatRate : nil }
  private var currentRate: Rate? {
    integer("vat_rate", in: current).map { Rate(hundredths: Int(clamping: $0)) } ?? ground.vatRate
  }

  private func integer(_ column: String, in columns: [String: JSONValue]) -> Int64? {
    columns[column]?.integer
  }

  /// An explicit null takes the whole price away.
  private var isEmptied: Bool {
    ["gross_incl_tax_cents", "price_incl_tax_cents", "price_mode"].contains { given[$0]?.isNull ?? false }
      && integer("gross_incl_tax_cents", in: given) == nil
      && integer("price_incl_tax_cents", in: given) == nil
      && given["price_mode"]?.string == nil
  }

  private var emptied: [String: JSONValue] {
    var columns: [String: JSONValue] = [:]
    for column in [
      "price_mode", "gross_incl_tax_cents", "discount_comment", "price_incl_tax_cents", "vat_rate",
    ] + Self.discountColumns { columns[column] = .null }
    return columns
  }
}
