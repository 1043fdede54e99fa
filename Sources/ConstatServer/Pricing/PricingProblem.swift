import ConstatCore
import HTTPTypes

extension Problem {
  /// Why there is no price, in words.
  init(_ error: PricingError) {
    switch error {
    case .noDiagnostics:
      self.init(.unprocessableContent, error.code, "Aucun diagnostic à chiffrer")
    case .tooManyDiagnostics(let limit):
      self.init(
        .unprocessableContent, error.code, "Trop de diagnostics à chiffrer d'un coup",
        members: ["limit": .integer(Int64(limit))])
    case .noPrice(let codes):
      self.init(
        .unprocessableContent, error.code, "La grille ne donne pas de prix pour tous les diagnostics",
        members: ["diagnostic_codes": .array(codes.map { .string($0) })])
    case .noPack:
      self.init(
        .unprocessableContent, error.code, "La grille n'a pas de pack plus avantageux pour ces diagnostics")
    case .manualNeedsAmount:
      self.init(.unprocessableContent, error.code, "Un prix libre demande son montant")
    case .discountExceedsPrice(let discount, let price):
      self.init(
        .unprocessableContent, error.code, "La remise dépasse le prix",
        members: ["discount_cents": .integer(discount.cents), "gross_incl_tax_cents": .integer(price.cents)])
    case .amountOutOfRange:
      self.init(.unprocessableContent, error.code, "Montant hors limites")
    }
  }
}
