/// Which of the proposed prices a dossier has (DOS-39).
public enum PriceMode: String, Sendable, Hashable, Codable, CaseIterable {
  case pack
  /// The sum of unit prices.
  case unit
  /// An amount typed by hand.
  case manual
}
