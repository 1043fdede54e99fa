import ConstatCore
import Crypto
import Foundation
import HTTPTypes
import Postgres

/// A file deposited in a dossier (DOC-02): the body is the file, what is said of it stands in the query.
struct DepositDocument: Sendable {
  let access: Access

  /// A deposit whose bytes are in the storage.
  struct Prepared: Sendable {
    let keeping: KeepBlob
    /// The column values of the document.
    let values: [String: JSONValue]
  }

  @Sendable func prepare(_ reading: ReadCall) async throws -> Prepared {
    let call = reading.call
    _ = try await reading.principal()
    let dossier = try call.id()
    guard let kind = call.mediaType.flatMap(FileKind.init(rawValue:)) else { throw Problem.unsupportedFile }
    var values = try Self.described(call, dossier, kind)
    guard kind.matches(call.body) else {
      throw Problem(
        .unprocessableContent, "content-mismatch", "Le contenu n'est pas du type annoncé",
        detail: call.body.isEmpty ? "Le fichier est vide." : nil)
    }
    guard try await reading.query(DocumentStore.dossier(call.organization, dossier)).rowCount == 1 else {
      throw Problem.notFound
    }
    let hash = Array(SHA256.hash(data: call.body))
    let keeping = KeepBlob(call: call, access: access, sha256: hash, mediaType: kind.rawValue)
    try await keeping.put(BlobContent(call.body))
    values["sha256"] = .string("\\x" + hash.hexadecimal)
    values["size_bytes"] = .integer(Int64(call.body.count))
    return Prepared(keeping: keeping, values: values)
  }

  @Sendable func deposit(_ writing: WriteCall, _ prepared: Prepared) async throws -> Reply {
    let values = prepared.values
    _ = try await writing.transaction.execute(prepared.keeping.settled(in: writing.organization))
    let id = values["id"]?.string.flatMap(UUID.init(uuidString:)) ?? writing.call.clock.newID()
    let rows = RowStore(transaction: writing.transaction)
    let inserted = try await rows.insert("document", organization: writing.organization, id: id, values)
    let known = inserted ? true : try await rows.matches("document", id: id, values)
    guard known else { throw Problem.idTaken }
    return try .resource(
      await writing.transaction.query(DocumentStore.one(writing.organization, id)),
      status: inserted ? .created : .ok, location: "/v1/documents/\(id.wire)")
  }

  /// The column values that the query gives.
  private static func described(_ call: Call, _ dossier: UUID, _ kind: FileKind) throws -> [String: JSONValue]
  {
    try call.query.only("id", "file_name", "category", "contract_piece")
    var members: [String: JSONValue] = [
      "dossier_id": .string(dossier.uuidString), "media_type": .string(kind.rawValue),
    ]
    for name in ["id", "file_name", "category", "contract_piece"] {
      if let value = call.query[name] { members[name] = .string(value) }
    }
    guard call.query["contract_piece"] == nil || members["category"] == "contract" else {
      throw QueryParameters.problem("contract_piece", "inconsistent")
    }
    do { return try Document.fields.checked(.object(members), as: .creation) } catch {
      throw Problem(
        .badRequest, "invalid-parameters", "Paramètres invalides",
        errors: error.problems.map {
          .init(pointer: "?" + $0.pointer.dropFirst(), code: $0.code.rawValue, detail: $0.detail)
        })
    }
  }
}

extension Problem {
  static let unsupportedFile = Problem(
    .unsupportedMediaType, "unsupported-media-type", "Type de contenu non pris en charge",
    members: ["accepted": .array(FileKind.allCases.map { .string($0.rawValue) })])
}
