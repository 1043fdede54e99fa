import ConstatCore
import HTTPTypes

extension DepositSlipError: Refusal {
  /// A refusal of Core about deposit slips, worded for people.
  var problem: Problem {
    switch self {
    case .closed: .conflict(code, "Le bordereau est clôturé")
    case .stillOpen: .conflict(code, "Le bordereau n'est pas clôturé")
    case .empty: .conflict(code, "Le bordereau est vide")
    case .alreadyOnSlip(let slip):
      .conflict(
        code, "L'échelon est déjà sur un bordereau", members: ["deposit_slip_id": .string(slip.lowercased())])
    case .notOnSlip: .conflict(code, "L'échelon n'est pas sur ce bordereau")
    case .otherCompany: .conflict(code, "L'échelon est d'une autre société")
    case .otherMeans: .conflict(code, "L'échelon est réglé par un autre moyen")
    case .notReceived(let status):
      .conflict(code, "L'échelon n'est pas perçu", members: ["status": .string(status.rawValue)])
    }
  }
}
