import ConstatCore
import Foundation
import Postgres

/// What the office would change of a signed mission order: `/v1/proposals`. The technician decides on the device; an
/// administrator may, where the technician cannot be asked; whoever may propose may withdraw.
struct ProposalRoutes {
  func register(in routes: inout Routes) {
    routes.get("/v1/proposals", DossierRoutes.write) { reading in
      let page = try Page(reading.call, filters: ["state", "dossier_id"])
      return try .list(
        await reading.query(ProposalStore.page(reading.call.organization, reading.call.query, page)),
        page: page)
    }
    routes.get("/v1/proposals/{id}", DossierRoutes.write) { reading in
      try .resource(await reading.query(ProposalStore.one(reading.call.organization, reading.call.id())))
    }
    decision("acceptance", .accepted, .staff(.admin), in: &routes)
    decision("refusal", .refused, .staff(.admin), in: &routes)
    decision("withdrawal", .withdrawn, DossierRoutes.write, in: &routes)
  }

  private func decision(
    _ name: String, _ state: FieldProposal.State, _ access: Access, in routes: inout Routes
  ) {
    routes.post("/v1/proposals/{id}/\(name)", access) { writing in
      let id = try writing.call.id()
      try await DecideProposal(
        transaction: writing.transaction, organization: writing.organization, actor: writing.principal.actor
      ).decide(id, as: state)
      return try .resource(await writing.transaction.query(ProposalStore.one(writing.organization, id)))
    }
  }
}
