/// The prices that a price list gives for a set of diagnostics: the cheapest combination with
/// packs, and the sum of unit prices (DOS-39). The user picks one, or types an amount.
public struct PriceCalculation: Sendable, Hashable {
  /// Nil where no pack lowers the price.
  public let pack: PriceProposal?
  /// Nil where some diagnostic has no unit price: see `withoutUnitPrice`.
  public let unit: PriceProposal?
  /// The codes that no unit line covers within its limits, sorted.
  public let withoutUnitPrice: [String]

  /// The most diagnostics priced at once: what keeps the search for packs bounded.
  public static let maxDiagnostics = 18

  /// Prices the codes. A line with a limit needs the fact that the limit is on: an unknown area
  /// does not get the price of small flats.
  public init(
    codes: Set<String>, facts: DossierFacts, lines: [PriceListLine]
  ) throws(PricingError) {
    guard !codes.isEmpty else { throw .noDiagnostics }
    guard codes.count <= PriceCalculation.maxDiagnostics else {
      throw .tooManyDiagnostics(limit: PriceCalculation.maxDiagnostics)
    }
    let usable = lines.filter { $0.suits(facts) && $0.diagnosticCodes.isSubset(of: codes) }
    let sorted = codes.sorted()
    let units = PriceCalculation.unitLines(for: sorted, in: usable)
    withoutUnitPrice = sorted.filter { units[$0] == nil }
    unit = withoutUnitPrice.isEmpty ? PriceProposal(.unit, sorted.compactMap { units[$0] }) : nil
    let packs = PriceCalculation.bestPacks(in: usable)
    var search = PackSearch(codes: sorted, units: units, packs: packs)
    let best = search.cheapest().map { PriceProposal(.pack, $0) }
    pack = best.flatMap { best in best.lines.contains { $0.kind == .pack } ? best : nil }
  }

  /// The proposal of the mode; without a mode the cheaper, packs first where equal.
  public func proposal(_ mode: PriceMode?) throws(PricingError) -> PriceProposal {
    let chosen: PriceProposal?
    switch mode {
    case .manual?: throw .manualNeedsAmount
    case .pack?: chosen = pack
    case .unit?: chosen = unit
    case nil:
      if let pack, let unit { chosen = unit.total < pack.total ? unit : pack } else { chosen = pack ?? unit }
    }
    if let chosen { return chosen }
    if mode == .pack, unit != nil { throw .noPack }
    throw .noPrice(codes: withoutUnitPrice)
  }

  /// For each code the line with the tightest limits, then the cheapest.
  private static func unitLines(
    for codes: [String], in lines: [PriceListLine]
  ) -> [String: PriceListLine] {
    var best: [String: PriceListLine] = [:]
    for line in lines where line.kind == .unit {
      guard let code = line.diagnosticCodes.first else { continue }
      if let known = best[code], !line.isTighter(than: known) { continue }
      best[code] = line
    }
    return best
  }

  /// Of packs for the same diagnostics only the one with the tightest limits counts.
  private static func bestPacks(in lines: [PriceListLine]) -> [PriceListLine] {
    var best: [Set<String>: PriceListLine] = [:]
    for line in lines where line.kind == .pack {
      if let known = best[line.diagnosticCodes], !line.isTighter(than: known) { continue }
      best[line.diagnosticCodes] = line
    }
    return best.values.sorted { $0.id < $1.id }
  }
}

/// The cheapest exact cover of the codes by packs and unit lines. Codes are bits; what is left
/// to cover decides the rest, so each remainder is solved once.
private struct PackSearch {
  let codes: [String]
  let units: [PriceListLine?]
  let packs: [(mask: UInt32, line: PriceListLine)]
  var solved: [UInt32: [PriceListLine]?] = [:]

  init(codes: [String], units: [String: PriceListLine], packs: [PriceListLine]) {
    self.codes = codes
    self.units = codes.map { units[$0] }
    self.packs = packs.map { pack in
      let mask = codes.enumerated().reduce(UInt32(0)) { mask, code in
        pack.diagnosticCodes.contains(code.element) ? mask | 1 << UInt32(code.offset) : mask
      }
      return (mask, pack)
    }
  }

  mutating func cheapest() -> [PriceListLine]? { cover(1 << UInt32(codes.count) - 1) }

  /// Covers the lowest code left, by its unit line or by a pack within what is left. Of equal
  /// totals the one with fewer lines stands, then the first found: the result is fixed.
  private mutating func cover(_ left: UInt32) -> [PriceListLine]? {
    if left == 0 { return [] }
    if let known = solved[left] { return known }
    let lowest = left.trailingZeroBitCount
    var best: [PriceListLine]?
    for (mask, line) in packs where mask & (1 << UInt32(lowest)) != 0 && mask & ~left == 0 {
      consider(line, cover(left & ~mask), &best)
    }
    if let unit = units[lowest] { consider(unit, cover(left & ~(1 << UInt32(lowest))), &best) }
    solved[left] = .some(best)
    return best
  }

  private func consider(
    _ line: PriceListLine, _ rest: [PriceListLine]?, _ best: inout [PriceListLine]?
  ) {
    guard let rest else { return }
    let candidate = [line] + rest
    guard let known = best else {
      best = candidate
      return
    }
    let (price, knownPrice) = (PriceProposal.total(candidate), PriceProposal.total(known))
    if price < knownPrice || (price == knownPrice && candidate.count < known.count) { best = candidate }
  }
}
