import ConstatCore
import Foundation
import Postgres

/// The contract of a dossier as one bundle (MIS-30): quote, mission order and ADEME form, each with its signatures and its
/// files.
struct ContractRoutes {
  func register(in routes: inout Routes) {
    routes.get("/v1/dossiers/{id}/contract", .staff) { try await contract($0) }
  }

  private func contract(_ reading: ReadCall) async throws -> Reply {
    try reading.call.query.only()
    let (organization, id) = (try reading.call.organization, try reading.call.id())
    let results = try await reading.query([
      ContractStore.signatures(organization, dossier: id), ContractStore.files(organization, dossier: id),
      MissionDocumentStore.latest(organization, dossier: id),
    ])
    guard let row = results[0].first else { throw Problem.notFound }
    let contract = try ContractStore.contract(row)
    let files = try results[1].map { try JSONValue($0) }
    let order = try results[2].map { try JSONValue($0) }.first {
      $0["part"]?.string == MissionOrderPart.commercialOrder.rawValue
    }
    let pieces = Document.ContractPiece.allCases.map { piece -> JSONValue in
      let signedOn: Day? =
        switch piece {
        case .quote: contract.quoteSignedOn
        case .ademeForm: contract.ademeFormSignedOn
        case .missionOrder: nil
        }
      let signers = piece == .missionOrder ? contract.signers.map(\.rawValue).sorted() : []
      return [
        "piece": .string(piece.rawValue), "state": .string(contract.state(of: piece).rawValue),
        "signed_on": JSONValue(signedOn?.description), "signers": .array(signers.map { .string($0) }),
        "documents": .array(files.filter { $0["contract_piece"]?.string == piece.rawValue }),
        "mission_document": piece == .missionOrder ? order ?? .null : .null,
      ]
    }
    return .json([
      "dossier_id": .string(id.wire), "accepted": .bool(contract.isAccepted), "pieces": .array(pieces),
    ])
  }
}
