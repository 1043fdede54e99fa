import ConstatCore
import Foundation
import Postgres
import Support
import Testing

@Suite struct DraftInvoiceTests {
  @Test func `a dossier's price becomes one line that comes to it to the cent INV-05 INV-12`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let draft = try await server.post(
        "/v1/invoices", as: billing.office, ["dossier_id": .string(billing.dossier.uuidString)])
      #expect(draft.status == 201, "\(draft.text)")
      #expect(draft["total_incl_tax_cents"] == 39680)
      #expect(draft["total_excl_tax_cents"] == 33067 && draft["total_vat_cents"] == 6613)
      #expect(draft["payer_id"].string == billing.payer.uuidString.lowercased())
      #expect(draft["company_id"].string == billing.company.uuidString.lowercased())
      #expect(draft["lines"].array?.first?["discount_rate"] == "10")
      #expect(draft["number"].isNull && draft["settled"] == false)
    }
  }

  @Test func `VAT is computed per rate on the total, and tax-included lines keep their total INV-11`()
    async throws
  {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      func net(_ cents: Int64) -> JSONValue {
        ["designation": "Poste", "unit_price_excl_tax_cents": .integer(cents), "vat_rate": "20"]
      }
      let first = try await billing.draft([net(29933), net(17933), net(9934)])
      #expect(first["total_vat_cents"] == 11560 && first["total_incl_tax_cents"] == 69360)
      let second = try await billing.draft([Billing.line(1000), Billing.line(1000), Billing.line(1000)])
      #expect(second["total_excl_tax_cents"] == 2500 && second["total_vat_cents"] == 500)
    }
  }

  @Test func `a draft changes as a whole and its version grows with each part INV-07`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let draft = try await billing.draft([Billing.line(12000)])
      let path = "/v1/invoices/\(draft["id"].string ?? "")"
      let spread: JSONValue = [
        "instalments": [
          ["due_on": "2030-01-31", "amount_cents": 6000], ["due_on": "2030-02-28", "amount_cents": 6000],
        ]
      ]
      let changed = try await server.patch(path, as: billing.office, spread, ifMatch: draft.etag)
      #expect(changed.status == 200 && changed["instalments"].array?.count == 2, "\(changed.text)")
      #expect(changed.etag == "\"v2\"")
      let stale = try await server.patch(path, as: billing.office, ["comment": "Merci"], ifMatch: draft.etag)
      #expect(stale.status == 412)
      let replaced = try await server.patch(
        path, as: billing.office,
        ["lines": [Billing.line(6000), Billing.line(600, "Déplacement", vat: "10")]])
      #expect(replaced["total_incl_tax_cents"] == 6600 && replaced["vat"].array?.count == 2)
      #expect(replaced["instalments"].array?.count == 2)
      let refused = try await billing.issue(replaced)
      #expect(refused.status == 422 && refused["code"] == "instalments-do-not-add-up")
    }
  }

  @Test func `a line with two prices, or none, is refused with its place`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let both: JSONValue = [
        "designation": "DPE", "vat_rate": "20", "unit_price_excl_tax_cents": 100,
        "unit_price_incl_tax_cents": 120,
      ]
      let refused = try await billing.draft([Billing.line(1200), both])
      #expect(refused.status == 422)
      #expect(refused["errors"].array?.first?["pointer"] == "/lines/1/unit_price_excl_tax_cents")
      let rate = try await billing.draft([
        ["designation": "DPE", "vat_rate": "21", "unit_price_excl_tax_cents": 100]
      ])
      #expect(rate["errors"].array?.first?["code"] == "unknown-vat-rate")
      #expect(try await billing.value(Int.self, "SELECT count(*) FROM invoice") == 0)
    }
  }

  @Test func `a draft is deleted, an issued invoice never is nor changes INV-06`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let draft = try await billing.draft()
      #expect(
        try await server.delete("/v1/invoices/\(draft["id"].string ?? "")", as: billing.office).status == 204)
      #expect(try await billing.read(draft).status == 404)
      let issued = try await billing.invoice()
      let path = "/v1/invoices/\(issued["id"].string ?? "")"
      let deleted = try await server.delete(path, as: billing.office)
      #expect(deleted.status == 409 && deleted["code"] == "invoice-already-issued")
      let changed = try await server.patch(path, as: billing.office, ["comment": "Autre"])
      #expect(changed.status == 409 && changed["code"] == "invoice-already-issued")
      let again = try await billing.issue(issued)
      #expect(again.status == 409 && again["code"] == "invoice-already-issued")
      #expect(try await billing.read(issued).json == issued.json)
    }
  }

  @Test func `the same id with the same draft answers the draft that exists`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let more: [String: JSONValue] = ["id": "019a0000-0000-7000-8000-0000000000aa"]
      let made = try await billing.draft([Billing.line(1200)], more)
      let again = try await billing.draft([Billing.line(1200)], more)
      #expect([made.status, again.status] == [201, 200] && made.json == again.json)
      let other = try await billing.draft([Billing.line(2400)], more)
      #expect(other.status == 409 && other["code"] == "id-taken")
    }
  }

  @Test func `without a payer, or with another organization's dossier, there is no draft`() async throws {
    try await TestServer.run { server in
      let billing = try await Billing.found(on: server)
      let other = try await Billing.found(on: server, "autre-cabinet")
      let nobody = try await server.post("/v1/invoices", as: billing.office, ["lines": [Billing.line(1200)]])
      #expect(nobody.status == 422 && nobody["errors"].array?.first?["pointer"] == "/payer_id")
      let foreign = try await server.post(
        "/v1/invoices", as: billing.office, ["dossier_id": .string(other.dossier.uuidString)])
      #expect(foreign.status == 422 && foreign["errors"].array?.first?["code"] == "not-found")
      let theirs = try await other.draft()
      #expect(try await billing.read(theirs).status == 404)
      #expect(try await billing.issue(theirs).status == 404)
    }
  }
}
