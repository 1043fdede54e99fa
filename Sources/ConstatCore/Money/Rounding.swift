/// Rounding of exact fractions, half up and away from zero, so that a credit note is the exact
/// mirror of its invoice: 2.675 gives 2.68 and −2.675 gives −2.68. No floating-point number is
/// ever involved: 2.675 as a `Double` would give 2.67.
public enum Rounding {
  /// The integer nearest to `numerator / denominator`; a half goes away from zero.
  /// Nil when the result does not fit in 64 bits. The denominator must not be zero.
  public static func halfUp(_ numerator: Int128, over denominator: Int128) -> Int64? {
    precondition(denominator != 0, "a fraction needs a denominator")
    let isNegative = (numerator < 0) != (denominator < 0)
    let divisor = denominator.magnitude
    let (quotient, remainder) = numerator.magnitude.quotientAndRemainder(dividingBy: divisor)
    let rounded = remainder >= divisor - remainder ? quotient + 1 : quotient
    guard let magnitude = Int128(exactly: rounded) else { return nil }
    return Int64(exactly: isNegative ? -magnitude : magnitude)
  }
}
