import ConstatCore
import HTTPTypes

extension Problem {
  /// A refusal of Core about invoices, worded for people.
  init(_ error: InvoiceError) {
    let title: String
    var status = HTTPResponse.Status.unprocessableContent
    var members: [String: JSONValue] = [:]
    switch error {
    case .noLines: title = "La facture n'a pas de ligne"
    case .amountOutOfRange: title = "Montant hors limites"
    case .totalsDoNotMatch: (title, status) = ("Les lignes et la TVA se contredisent", .conflict)
    case .alreadyIssued: (title, status) = ("La facture est émise : seul un avoir la corrige", .conflict)
    case .notIssued: (title, status) = ("La facture n'est pas émise", .conflict)
    case .issueDayBeforeLast(let given, let last):
      (title, status) = ("Une facture de la série porte déjà une date postérieure", .conflict)
      members = ["issued_on": .string(given.description), "last_issued_on": .string(last.description)]
    case .issueDayInFuture(_, let today):
      title = "La date d'émission est à venir"
      members = ["today": .string(today.description)]
    case .issueDayBeforeInvoice(let given, let invoice):
      (title, status) = ("L'avoir précède la facture qu'il corrige", .conflict)
      members = [
        "issued_on": .string(given.description), "invoice_issued_on": .string(invoice.description),
      ]
    case .dueBeforeIssue: title = "L'échéance précède l'émission"
    case .numberMalformed: (title, status) = ("Le préfixe ne donne pas un numéro valable", .conflict)
    case .instalmentsDoNotAddUp(let total, let instalments):
      title = "Les échelons ne font pas le total"
      members = ["total_cents": .integer(total.cents), "instalments_cents": .integer(instalments.cents)]
    case .instalmentNotPositive: title = "Un échelon doit être positif"
    case .instalmentsOutOfOrder: title = "Les échelons ne se suivent pas dans l'ordre des échéances"
    case .creditExceedsInvoice(let credit, let left):
      (title, status) = ("L'avoir dépasse ce qui reste de la facture", .conflict)
      members = ["credit_cents": .integer(credit.cents), "left_cents": .integer(left.cents)]
    case .creditExceedsRate(let rate, let credit, let left):
      (title, status) = ("L'avoir dépasse ce qui reste à ce taux", .conflict)
      members = [
        "vat_rate": .string(rate.percent), "credit_cents": .integer(credit.cents),
        "left_cents": .integer(left.cents),
      ]
    case .notCreditable: (title, status) = ("Un avoir ne se corrige pas par un avoir", .conflict)
    case .notSettled(let remaining):
      (title, status) = ("La facture n'est pas acquittée", .conflict)
      members = ["remaining_due_cents": .integer(remaining.cents)]
    }
    self.init(status, error.code, title, members: members)
  }
}

extension InvoiceError: Refusal {
  var problem: Problem { Problem(self) }
}
