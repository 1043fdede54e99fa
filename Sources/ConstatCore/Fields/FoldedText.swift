/// Text without accents and case, as the database's `system.fold` makes it: what search and
/// comparisons of towns go by.
public enum FoldedText {
  public static func fold(_ text: String) -> String {
    var folded = String.UnicodeScalarView()
    for scalar in text.precomposedScalars {
      switch scalar {
      case "œ", "Œ": folded.append(contentsOf: "oe".unicodeScalars)
      case "æ", "Æ": folded.append(contentsOf: "ae".unicodeScalars)
      default:
        if let base = bases[scalar] {
          folded.append(base)
        } else {
          folded.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
      }
    }
    return String(folded)
  }

  /// A town for comparison: folded, with hyphens, apostrophes and spaces alike, "st" spelled
  /// out: SAINT-ÉTIENNE is St Etienne.
  public static func town(_ text: String) -> String {
    fold(text).split { !$0.isLetter && !$0.isNumber }
      .map { $0 == "st" ? "saint" : $0 == "ste" ? "sainte" : String($0) }
      .joined(separator: " ")
  }

  private static let bases: [Unicode.Scalar: Unicode.Scalar] = Dictionary(
    uniqueKeysWithValues: zip(
      "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸàáâãäåçèéêëìíîïñòóôõöùúûüýÿ".unicodeScalars,
      "aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy".unicodeScalars))
}

extension String {
  /// Scalars with accents joined to their letters: of "e" and U+0301, "é". A grapheme equals
  /// its precomposed twin, which is how it is found.
  fileprivate var precomposedScalars: [Unicode.Scalar] {
    flatMap { character -> [Unicode.Scalar] in
      let scalars = Array(character.unicodeScalars)
      guard scalars.count > 1 else { return scalars }
      return Self.precomposed[character].map { [$0] } ?? scalars
    }
  }

  private static let precomposed: [Character: Unicode.Scalar] = Dictionary(
    uniqueKeysWithValues: "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸàáâãäåçèéêëìíîïñòóôõöùúûüýÿ".unicodeScalars
      .map { (Character($0), $0) })
}
