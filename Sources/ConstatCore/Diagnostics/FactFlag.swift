/// A yes-or-no fact of the dossier, named as its column.
public enum FactFlag: String, Sendable, Hashable, CaseIterable {
  case termiteZone = "termite_zone"
  case heated
  case gasInstallationOver15Years = "gas_installation_over_15_years"
  case electricalInstallationOver15Years = "electrical_installation_over_15_years"
  case coOwnership = "co_ownership"
  case publicSewer = "public_sewer"
  case noiseZone = "noise_zone"

  func value(in facts: DossierFacts) -> Bool? {
    switch self {
    case .termiteZone: facts.termiteZone
    case .heated: facts.heated
    case .gasInstallationOver15Years: facts.gasInstallationOver15Years
    case .electricalInstallationOver15Years: facts.electricalInstallationOver15Years
    case .coOwnership: facts.coOwnership
    case .publicSewer: facts.publicSewer
    case .noiseZone: facts.noiseZone
    }
  }
}
