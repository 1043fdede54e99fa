/// One way to price the diagnostics of a dossier, line by line.
public struct PriceProposal: Sendable, Hashable {
  public let mode: PriceMode
  public let lines: [PriceListLine]
  /// Tax included.
  public let total: Money
  /// On site, travel excluded (PLA-02).
  public let estimatedMinutes: Int

  init(_ mode: PriceMode, _ lines: [PriceListLine]) {
    self.mode = mode
    self.lines = lines
    total = PriceProposal.total(lines)
    estimatedMinutes = lines.reduce(0) { $0 + $1.durationMinutes }
  }

  static func total(_ lines: [PriceListLine]) -> Money {
    lines.reduce(.zero) { $0 + $1.amountInclTax }
  }
}
