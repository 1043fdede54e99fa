import ConstatCore
import ConstatSync
import Foundation
import Postgres

/// Money taken on site, recorded through the same use case as the office's: never lost, and once for its id. Where the
/// office has recorded money for the same debt meanwhile, both stay; what is too much is the payer's credit, and a
/// conflict asks whether it is the same money.
struct FieldPayment {
  let writing: WriteCall
  let device: UUID

  /// The conflict that the payment raises, where it does. `known` is the version that the device had seen.
  func contest(_ id: UUID, from mutation: Mutation, known: Int64) async throws -> ConflictRecord? {
    guard let dossier = UUID(uuidString: mutation.dossier) else { return nil }
    let found = try await writing.transaction.query(
      DoublePaymentStore(organization: writing.organization).search(
        id, dossier: dossier, known: known, device: device))
    guard let row = found.first, let version: Int64 = try row.get("version", as: Int64?.self) else {
      return nil
    }
    let surplus: Int64 = try row.get("surplus_cents")
    guard surplus > 0 else { return nil }
    var value = mutation.set.filter {
      ["amount_cents", "means", "received_on", "reference"].contains($0.key)
    }
    value["surplus_cents"] = .integer(surplus)
    return ConflictRecord(
      id: writing.call.clock.newID().wire, key: mutation.key, dossier: mutation.dossier,
      field: ConflictRecord.surplus, policy: ConflictRecord.bothKept, base: .init(version: known, value: nil),
      mine: .init(value: .object(value), device: device.wire, seq: mutation.seq, hlc: mutation.hlc),
      theirs: .init(
        value: try PushStore.json(row, "rivals"), version: version,
        actor: try row.get("actor", as: String?.self)),
      chosen: .both)
  }

  func record(_ id: UUID, _ values: [String: JSONValue]) async throws {
    guard let means = values["means"]?.string.flatMap(PaymentMeans.init(rawValue:)),
      let cents = values["amount_cents"]?.integer,
      let day = values["received_on"]?.string.flatMap({ Day($0) }),
      let instant = values["received_at"]?.string.flatMap({ Instant($0) })
    else { throw MutationRefused() }
    do {
      try await RecordPayment(
        transaction: writing.transaction, organization: writing.organization, clock: writing.call.clock
      ).record(
        id: id, dossier: Self.id(values["dossier_id"]), payer: Self.id(values["payer_id"]), source: .field,
        means: means, amountCents: cents, receivedOn: day, receivedAt: instant,
        reference: values["reference"]?.string, bank: values["bank"]?.string,
        issuerName: values["issuer_name"]?.string, comment: values["comment"]?.string)
    } catch is Problem {
      throw MutationRefused()
    } catch is PaymentError {
      throw MutationRefused()
    }
  }

  private static func id(_ value: JSONValue?) -> UUID? { value?.string.flatMap(UUID.init(uuidString:)) }
}

/// A mutation that every check let pass and that a capability would not take: it is answered `rejected`, and
/// kept.
struct MutationRefused: Error {}
