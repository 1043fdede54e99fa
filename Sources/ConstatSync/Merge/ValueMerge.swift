public import ConstatCore

/// Three-way merges that keep what both sides added.
public enum ValueMerge {
  /// Stands between two notes that were written without knowledge of one another.
  public static let noteSeparator = "\n---\n"

  /// Two notes: the other side's paragraphs in their place, without those that this side removed
  /// or rewrote, then what this side wrote. Merging twice changes nothing.
  /// `isBack`: theirs is older than the base, so what it lacks of that was lost, and not taken away.
  public static func note(
    base: JSONValue?, mine: JSONValue, theirs: JSONValue, isBack: Bool = false
  ) -> JSONValue {
    let merged = union(
      base: paragraphs(base), mine: paragraphs(mine), theirs: paragraphs(theirs), isBack: isBack)
    if merged.isEmpty { return mine.isNull || theirs.isNull ? .null : "" }
    return .string(merged.joined(separator: noteSeparator))
  }

  /// Two lists: the other side's items without those that this side removed, then those that it
  /// added. Null counts as empty. `isBack`: as of notes.
  public static func list(
    base: JSONValue?, mine: JSONValue, theirs: JSONValue, isBack: Bool = false
  ) -> JSONValue {
    .array(
      union(
        base: base?.array ?? [], mine: mine.array ?? [], theirs: theirs.array ?? [], isBack: isBack))
  }

  private static func paragraphs(_ note: JSONValue?) -> [String] {
    guard let text = note?.string, !text.isEmpty else { return [] }
    var parts: [String] = []
    var rest = text[...]
    while let range = rest.firstRange(of: noteSeparator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    parts.append(String(rest))
    return parts.filter { !$0.isEmpty }
  }

  private static func union<Item: Hashable>(
    base: [Item], mine: [Item], theirs: [Item], isBack: Bool
  ) -> [Item] {
    let kept = Set(mine)
    let before = isBack ? Set(base).intersection(theirs) : Set(base)
    var seen: Set<Item> = []
    let remaining = theirs.filter { kept.contains($0) || !before.contains($0) }
    let added = mine.filter { !before.contains($0) }
    return (remaining + added).filter { seen.insert($0).inserted }
  }
}
