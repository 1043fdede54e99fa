/// A condition on the facts of a property, written as data so that a rule can be read, dated and
/// explained. Evaluated in three values: an unknown fact makes neither yes nor no.
public indirect enum FactCondition: Sendable, Hashable {
  case nature(Dossier.Nature)
  case transaction(Set<TransactionType>)
  case property(Set<PropertyType>)
  case flag(FactFlag)
  case builtBefore(year: Int)
  /// The permit was issued before this day; years are all that is known of it.
  case permitBefore(Day)
  case energyClass(Set<String>)
  /// Something that no fact of the dossier tells, such as a rule of the commune.
  case elsewhere(String)
  case all([FactCondition])
  case not(FactCondition)
  /// An unknown counts as yes: what is nearly always so.
  case unlessKnownFalse(FactFlag)

  /// What the facts say, and which of them would have to be asked.
  public enum Answer: Sendable, Hashable {
    case yes
    case no
    case unknown(missing: [String])
  }

  public func evaluate(_ facts: DossierFacts) -> Answer {
    switch self {
    case .nature(let nature): return facts.nature == nature ? .yes : .no
    case .transaction(let types):
      return FactCondition.answer(facts.transactionType.map(types.contains), "transaction_type")
    case .property(let types):
      return FactCondition.answer(facts.propertyType.map(types.contains), "property_type")
    case .flag(let flag): return FactCondition.answer(flag.value(in: facts), flag.rawValue)
    case .builtBefore(let year):
      return FactCondition.answer(facts.builtYear.map { $0 < year }, "built_year")
    case .permitBefore(let day): return FactCondition.permit(facts, before: day)
    case .energyClass(let classes):
      return FactCondition.answer(facts.energyClass.map(classes.contains), "energy_class")
    case .elsewhere(let fact): return .unknown(missing: [fact])
    case .all(let conditions):
      return FactCondition.conjunction(conditions.map { $0.evaluate(facts) })
    case .not(let condition):
      switch condition.evaluate(facts) {
      case .yes: return .no
      case .no: return .yes
      case .unknown(let missing): return .unknown(missing: missing)
      }
    case .unlessKnownFalse(let flag): return flag.value(in: facts) == false ? .no : .yes
    }
  }

  private static func answer(_ value: Bool?, _ fact: String) -> Answer {
    switch value {
    case true?: .yes
    case false?: .no
    case nil: .unknown(missing: [fact])
    }
  }

  /// One no is no; otherwise one unknown is unknown.
  private static func conjunction(_ answers: [Answer]) -> Answer {
    var missing: [String] = []
    for answer in answers {
      switch answer {
      case .yes: continue
      case .no: return .no
      case .unknown(let facts): missing += facts.filter { !missing.contains($0) }
      }
    }
    return missing.isEmpty ? .yes : .unknown(missing: missing)
  }

  /// A permit of the very year counts as before: the safe side. Without it the year of
  /// construction decides where it can: a building stands within four years of its permit.
  private static func permit(_ facts: DossierFacts, before day: Day) -> Answer {
    let lastYear = day.adding(days: -1).year
    if let permit = facts.permitYear { return permit <= lastYear ? .yes : .no }
    guard let built = facts.builtYear else { return .unknown(missing: ["permit_year"]) }
    if built <= lastYear { return .yes }
    return built > lastYear + 4 ? .no : .unknown(missing: ["permit_year"])
  }
}
