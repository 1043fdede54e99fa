/// Reads and prints decimal numbers of few digits as scaled integers: with 2 decimals, "5.5"
/// is 550. The only accepted form is `-?digits[.digits]`: no exponent, no sign `+`, no space,
/// no thousands separator, ASCII digits only.
enum DecimalText {
  /// The scaled integer, or nil when the text has another form, more decimals than allowed,
  /// or does not fit.
  static func parse(_ text: some StringProtocol, decimals: Int) -> Int64? {
    var bytes = Array(text.utf8)[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { bytes.removeFirst() }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    let fraction = parts.count == 2 ? parts[1] : []
    guard fraction.count <= decimals else { return nil }
    let zeros = repeatElement(UInt8(ascii: "0"), count: decimals - fraction.count)
    var value: Int64 = 0
    for byte in Array(parts[0]) + fraction + zeros {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (scaled, overflowScaling) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (next, overflowAdding) = scaled.addingReportingOverflow(digit)
      guard !overflowScaling, !overflowAdding else { return nil }
      value = next
    }
    return isNegative ? -value : value
  }

  /// The value with all its decimals ("5.50"), or with trailing zeros dropped ("5.5", "20").
  static func print(
    _ value: Int64, decimals: Int, separator: Character = ".", keepsZeros: Bool
  ) -> String {
    var digits = String(value.magnitude)
    if digits.count <= decimals {
      digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits
    }
    var fraction = digits.suffix(decimals)
    let whole = digits.dropLast(decimals)
    if !keepsZeros {
      while fraction.last == "0" { fraction.removeLast() }
    }
    let sign = value < 0 ? "-" : ""
    return fraction.isEmpty ? sign + whole : sign + whole + String(separator) + fraction
  }
}
