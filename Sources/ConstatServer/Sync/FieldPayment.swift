import ConstatCore
import Foundation

/// Money taken on site, recorded through the same use case as the office's: never lost, and once for its id.
struct FieldPayment {
  let writing: WriteCall

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
