/// Text as a field of a FEC can hold it.
enum FECText {
  /// Tabs, pipes, line ends, double quotes and every control become spaces, which are then
  /// collapsed and trimmed, so that a row keeps its fields whatever a label holds. Invisible
  /// format characters go, but for the joiner inside emoji.
  static func cleaned(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var needsSpace = false
    for scalar in text.unicodeScalars {
      if scalar.properties.generalCategory == .format, scalar != "\u{200D}" { continue }
      let isBlank =
        scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
        || scalar == "|" || scalar == "\""
      if isBlank {
        needsSpace = true
        continue
      }
      if needsSpace, !result.isEmpty { result.append(" ") }
      needsSpace = false
      result.append(scalar)
    }
    return String(result)
  }

  /// The same, with a word in its place when nothing is left: a mandatory field is never blank.
  static func cleaned(_ text: String, orElse fallback: String) -> String {
    let text = cleaned(text)
    return text.isEmpty ? fallback : text
  }
}
