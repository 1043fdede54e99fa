import ConstatCore
import HTTPTypes

extension Problem {
  /// A refusal of Core about payments, worded for people.
  init(_ error: PaymentError) {
    let title: String
    var status = HTTPResponse.Status.unprocessableContent
    var members: [String: JSONValue] = [:]
    switch error {
    case .amountNotPositive: title = "Le montant doit être positif"
    case .instalmentNotOpen(let id):
      (title, status) = ("L'échelon n'attend plus de règlement", .conflict)
      members = ["instalment_id": .string(id.lowercased())]
    case .instalmentTwice(let id):
      title = "L'échelon est cité deux fois"
      members = ["instalment_id": .string(id.lowercased())]
    case .exceedsInstalment(let id, let remaining):
      (title, status) = ("L'affectation dépasse ce qui reste dû", .conflict)
      members = ["instalment_id": .string(id.lowercased()), "remaining_due_cents": .integer(remaining.cents)]
    case .exceedsPayment(let left):
      (title, status) = ("L'affectation dépasse ce qui reste du règlement", .conflict)
      members = ["unallocated_cents": .integer(left.cents)]
    case .cashLimit(let limit, let alreadyPaid):
      title = "Au-delà du plafond légal des paiements en espèces (CMF D112-3)"
      members = ["limit_cents": .integer(limit.cents), "already_paid_cents": .integer(alreadyPaid.cents)]
    case .alreadyReversed: (title, status) = ("Le règlement est déjà annulé", .conflict)
    }
    self.init(status, error.code, title, members: members)
  }
}

extension PaymentError: Refusal {
  var problem: Problem { Problem(self) }
}
