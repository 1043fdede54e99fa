/// What values a field takes on the wire, and which column value each becomes.
public indirect enum FieldKind: Sendable, Hashable {
  /// Free text of at most `max` Unicode scalars; `min` above zero also refuses blanks.
  case text(min: Int = 0, max: Int)
  case email
  case phone
  case boolean
  case integer(ClosedRange<Int64>)
  /// An amount in whole cents.
  case cents(ClosedRange<Int64>)
  /// A percentage from 0 to 100: a string of percent on the wire ("5.5"), integer hundredths in
  /// its column.
  case rate
  /// A rate of the closed list of French VAT rates, written as any rate.
  case vatRate
  /// A positive decimal string of at most four decimals ("2.5"), integer ten-thousandths in its
  /// column.
  case quantity
  /// A civil day, "YYYY-MM-DD".
  case day
  /// A moment, RFC 3339; kept in UTC with `Z`.
  case instant
  /// A day and a clock time without zone, "YYYY-MM-DDTHH:MM": it needs a zone to be an instant.
  case localTime
  /// A time of day, "HH:MM".
  case clockTime
  /// A recurring day of the year, "MM-DD".
  case dayOfYear
  /// A name of the tz database.
  case timeZone
  case uuid
  case choice([String])
  case latitude
  case longitude
  /// French postcode (five digits), or a foreign one.
  case postcode
  /// INSEE commune code: five characters, Corsica with its letter (2A004, 2B033).
  case inseeCode
  /// ISO 3166-1 alpha-2.
  case country
  /// Identifiers in lower snake case, as the codes of diagnostics.
  case code
  case siren, siret, vatNumber, iban, bic
  /// The name of a file without any path: no slash or backslash, no control character, not a dot alone.
  case fileName
  /// A SHA-256 as 64 hexadecimal digits; `\x…` in its `bytea` column.
  case sha256
  case list(of: FieldKind, max: Int)
  case object(FieldSet)
  /// An object of text members with any keys, as a chart of accounts.
  case textMap(maxMembers: Int)

  /// The most cents accepted from outside, 100 billion euros (`Money.limit`).
  public static let positiveCents = FieldKind.cents(0...Money.limit.cents)
  /// A single line such as a name or a town.
  public static let line = FieldKind.text(max: 200)
  /// A line that must say something.
  public static let requiredLine = FieldKind.text(min: 1, max: 200)
  /// A comment of some paragraphs.
  public static let comment = FieldKind.text(max: 10_000)
  public static let year = FieldKind.integer(1000...2200)
}
