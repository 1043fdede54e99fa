/// Why one text is not a value of its kind.
struct TextFault: Error {
  let code: FieldProblem.Code
  let detail: String

  static func malformed(_ detail: String) -> TextFault { TextFault(code: .malformed, detail: detail) }
}

extension FieldKind {
  /// The column value of a text, for the kinds that are texts on the wire.
  func column(of text: String) -> Result<JSONValue, TextFault> {
    switch self {
    case .text(let min, let max): line(text, min: min, max: max)
    case .choice(let values): choice(text, values)
    case .rate: rate(text)
    case .vatRate: vatRate(text)
    case .quantity: quantity(text)
    case .day, .instant, .localTime, .clockTime, .dayOfYear, .timeZone: time(text)
    case .siren, .siret, .vatNumber, .iban, .bic: identifier(text)
    default: shaped(text)
    }
  }

  private func line(_ text: String, min: Int, max: Int) -> Result<JSONValue, TextFault> {
    // Neither JSON of the database nor its texts can hold it.
    if text.utf8.contains(0) { return .failure(.malformed("le caractère U+0000 n'est pas accepté")) }
    // Bytes bound scalars from above, so most texts need no counting.
    if text.utf8.count > max, text.unicodeScalars.count > max {
      return .failure(.init(code: .tooLong, detail: "au plus \(max) caractères sont acceptés"))
    }
    if min > 0 {
      if !text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) {
        return .failure(.init(code: .blank, detail: "ce champ ne peut être vide"))
      }
      if text.unicodeScalars.count < min {
        return .failure(.init(code: .blank, detail: "au moins \(min) caractères sont attendus"))
      }
    }
    return .success(.string(text))
  }

  private func choice(_ text: String, _ values: [String]) -> Result<JSONValue, TextFault> {
    values.contains(text)
      ? .success(.string(text))
      : .failure(
        .init(code: .notInChoice, detail: "valeurs admises : " + values.joined(separator: ", ")))
  }

  private func rate(_ text: String) -> Result<JSONValue, TextFault> {
    guard let rate = try? Rate(percent: text) else {
      return .failure(.malformed("un pourcentage est attendu, par exemple \"5.5\""))
    }
    guard rate.hundredths <= 10_000 else {
      return .failure(.init(code: .outOfRange, detail: "le taux ne peut dépasser 100"))
    }
    return .success(.integer(Int64(rate.hundredths)))
  }

  private func vatRate(_ text: String) -> Result<JSONValue, TextFault> {
    guard let rate = try? Rate(percent: text) else {
      return .failure(.malformed("un pourcentage est attendu, par exemple \"20\""))
    }
    guard rate.isVATRate else {
      return .failure(.init(code: .unknownVATRate, detail: "ce taux de TVA n'existe pas"))
    }
    return .success(.integer(Int64(rate.hundredths)))
  }

  private func quantity(_ text: String) -> Result<JSONValue, TextFault> {
    guard let quantity = try? Quantity(decimal: text) else {
      return .failure(.malformed("une quantité est attendue, par exemple \"2.5\""))
    }
    guard quantity.isPositive else {
      return .failure(.init(code: .outOfRange, detail: "la quantité doit être positive"))
    }
    return .success(.integer(quantity.tenThousandths))
  }

  private func time(_ text: String) -> Result<JSONValue, TextFault> {
    switch self {
    case .day:
      guard let day = Day(text) else {
        return .failure(.init(code: .malformedDay, detail: "un jour AAAA-MM-JJ est attendu"))
      }
      return .success(.string(day.description))
    case .instant:
      guard let instant = Instant(text) else {
        return .failure(
          .init(code: .malformedInstant, detail: "une date et heure RFC 3339 est attendue"))
      }
      return .success(.string(instant.description))
    case .localTime:
      guard let local = LocalTime(text) else {
        return .failure(
          .init(code: .malformedTime, detail: "une date et heure AAAA-MM-JJTHH:MM est attendue"))
      }
      return .success(.string(local.description))
    case .clockTime:
      guard text.utf8.count == 5, ClockTime(text) != nil else {
        return .failure(.init(code: .malformedTime, detail: "une heure HH:MM est attendue"))
      }
      return .success(.string(text))
    case .dayOfYear:
      // 2000 is a leap year: 29 February is accepted.
      guard text.utf8.count == 5, Day("2000-" + text) != nil else {
        return .failure(.init(code: .malformedDay, detail: "un jour MM-JJ est attendu"))
      }
      return .success(.string(text))
    default:
      guard (try? Zone(text)) != nil else {
        return .failure(.init(code: .unknownTimeZone, detail: "ce fuseau horaire est inconnu"))
      }
      return .success(.string(text))
    }
  }

  private func identifier(_ text: String) -> Result<JSONValue, TextFault> {
    let fault: BusinessNumber.Fault?
    let word: String
    switch self {
    case .siren: (fault, word) = (BusinessNumber.fault(siren: text), "SIREN")
    case .siret: (fault, word) = (BusinessNumber.fault(siret: text), "SIRET")
    case .vatNumber: (fault, word) = (BusinessNumber.fault(vatNumber: text), "numéro de TVA")
    case .iban: (fault, word) = (BusinessNumber.fault(iban: text), "IBAN")
    default: (fault, word) = (BusinessNumber.fault(bic: text), "BIC")
    }
    switch fault {
    case nil: return .success(.string(text))
    case .malformed: return .failure(.malformed("ce \(word) n'a pas la forme attendue"))
    case .checkDigits:
      return .failure(.init(code: .checkDigits, detail: "la clé de ce \(word) est fausse"))
    }
  }

  private func shaped(_ text: String) -> Result<JSONValue, TextFault> {
    switch self {
    case .uuid:
      TextShape.isUUID(text)
        ? .success(.string(text.lowercased())) : .failure(.malformed("un UUID est attendu"))
    case .sha256:
      TextShape.isHexadecimal(text, count: 64)
        ? .success(.string("\\x" + text.lowercased()))
        : .failure(.malformed("64 chiffres hexadécimaux sont attendus"))
    case .fileName:
      TextShape.isFileName(text)
        ? .success(.string(text)) : .failure(.malformed("un nom de fichier sans chemin est attendu"))
    case .email:
      TextShape.isEmail(text)
        ? .success(.string(text)) : .failure(.malformed("une adresse électronique est attendue"))
    case .phone:
      TextShape.isPhone(text)
        ? .success(.string(text)) : .failure(.malformed("un numéro de téléphone est attendu"))
    case .postcode:
      TextShape.isPostcode(text)
        ? .success(.string(text)) : .failure(.malformed("un code postal est attendu"))
    case .inseeCode:
      TextShape.isINSEECode(text)
        ? .success(.string(text)) : .failure(.malformed("un code INSEE de commune est attendu"))
    case .country:
      text.utf8.count == 2 && text.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        ? .success(.string(text)) : .failure(.malformed("un code de pays à deux lettres est attendu"))
    default:
      TextShape.isCode(text)
        ? .success(.string(text))
        : .failure(.malformed("2 à 40 caractères a-z, 0-9 et _ sont attendus"))
    }
  }

  /// What the wire shows for a column value.
  func wire(_ column: JSONValue) -> JSONValue {
    switch (self, column) {
    case (.rate, .integer(let value)), (.vatRate, .integer(let value)):
      .string(Rate(hundredths: Int(clamping: value)).percent)
    case (.quantity, .integer(let value)): .string(Quantity(tenThousandths: value).decimal)
    case (.sha256, .string(let text)) where text.hasPrefix("\\x"): .string(String(text.dropFirst(2)))
    case (.list(let kind, _), .array(let elements)): .array(elements.map(kind.wire))
    case (.object(let fields), .object(let members)): .object(fields.wire(members))
    default: column
    }
  }
}
