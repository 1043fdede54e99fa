import ConstatCore
import Foundation

/// Chapter 5: exactly the reports and invoices that each has a right to.
struct RightsChapter {
  let stage: Stage
  let order: Order
  let invoice: String

  func play() async throws {
    let claire = try await stage.signIn(stage.cast.office)
    let open = try await report(claire, "rapport-dpe.pdf")
    let blocked = try await report(claire, "rapport-plomb.pdf")
    _ = try await stage.post(
      "/v1/documents/\(blocked)/block", claire, ["reason": "En attente du règlement"], step: "block a report")
    let granted = try await stage.call(
      "PUT", "/v1/dossiers/\(order.dossier)/contacts/\(order.agency)", claire,
      ["report_access": true, "invoice_access": false], ["if-match": "*"])
    try stage.expect((200..<300).contains(granted.status), "the agency may read reports", granted.text)
    try await agency(open, blocked)
    try await payer()
    try await neighbour([
      "/v1/contacts/\(order.owner)", "/v1/dossiers/\(order.dossier)", "/v1/appointments/\(order.appointment)",
      "/v1/documents/\(open)", "/v1/invoices/\(invoice)", "/v1/dossiers/\(order.dossier)/field-return",
    ])
  }

  private func report(_ claire: String, _ name: String) async throws -> String {
    let pdf = Array(
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n% \(name)\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        .utf8)
    let answer = try await stage.send(
      "POST", "/v1/dossiers/\(order.dossier)/documents?file_name=\(name)&category=report", claire, bytes: pdf,
      ["content-type": "application/pdf", "idempotency-key": UUID().uuidString])
    try stage.expect(answer.status == 201, "report \(name)", "\(answer.status) \(answer.text)")
    return answer.id
  }

  private func agency(_ open: String, _ blocked: String) async throws {
    let token = try await stage.signIn(.init(email: order.agencyEmail, password: order.agencyPassword))
    let dossier = try await stage.get("/v1/portal/dossiers/\(order.dossier)", token)
    try stage.expect(
      dossier.status == 200, "the agency reads the dossier", "\(dossier.status) \(dossier.text)")
    let served = try await stage.get("/v1/portal/documents/\(open)/content", token)
    try stage.expect(
      served.status == 200 && served.body.starts(with: Array("%PDF".utf8)), "the agency reads its report",
      "\(served.status)")
    let refused = try await stage.get("/v1/portal/documents/\(blocked)/content", token)
    try stage.expect(
      refused.status == 403 && refused["code"] == "document-blocked"
        && refused.text.contains("En attente du règlement"),
      "a blocked report is 403 with its reason", "\(refused.status) \(refused.text)")
    let invoice = try await stage.get("/v1/portal/invoices/\(invoice)", token)
    try stage.expect(invoice.status == 404, "the agency does not see the invoice", "\(invoice.status)")
    stage.step(
      "The agency",
      "reads the dossier and its report; the blocked one is 403 with its reason; the invoice 404")
  }

  private func payer() async throws {
    let token = try await stage.signIn(.init(email: order.payerEmail, password: order.payerPassword))
    let invoice = try await stage.get("/v1/portal/invoices/\(invoice)", token)
    try stage.expect(
      invoice.status == 200 && invoice["total_incl_tax_cents"].integer == order.price,
      "the payer reads the invoice",
      "\(invoice.status) \(invoice.text)")
    stage.step("The payer", "reads the invoice \(invoice["number"].string ?? "")")
  }

  private func neighbour(_ paths: [String]) async throws {
    let token = try await stage.signIn(stage.cast.neighbour)
    for path in paths {
      let answer = try await stage.get(path, token)
      try stage.expect(answer.status == 404, "another organization gets 404", "\(path): \(answer.status)")
    }
    stage.step("Another organization", "404 for each of \(paths.count) ids of this one")
  }
}
