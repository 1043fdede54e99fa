import ConstatCore
import Foundation
import HTTPTypes
import Postgres

/// Moves a dossier between statuses, into the archive and into the trash, and back.
struct MoveDossier {
  let writing: WriteCall
  let id: UUID

  /// Something happened to the dossier that may move its status (DOS-18); `columns` are its own, as they stand.
  func by(_ event: DossierEvent, _ columns: [String: JSONValue]) async throws {
    guard let status = columns["status"]?.string.flatMap(DossierStatus.init(rawValue:)) else { return }
    let next = status.moved(by: event)
    guard next != status else { return }
    try await RowStore(transaction: writing.transaction).update(
      "dossier", id: id, expected: nil, ["status": .string(next.rawValue)])
  }

  /// Any status may follow any by hand (DOS-17, AMB-12). A cancelled dossier keeps its reason (DOS-16) and frees its
  /// planned appointments.
  func toStatus() async throws {
    let values = try writing.call.fields(Dossier.status, as: .creation)
    let status = values["status"]?.string.flatMap(DossierStatus.init(rawValue:))
    if status != .cancelled, values["cancellation_reason"]?.string != nil {
      throw Problem.field("/cancellation_reason", "inconsistent", "un motif n'accompagne que l'annulation")
    }
    guard let status else { return }
    try await to(status, because: values["cancellation_reason"])
  }

  func to(_ status: DossierStatus, because reason: JSONValue?) async throws {
    if status == .finalised { try await refuseMissingFiles() }
    try await set([
      "status": .string(status.rawValue),
      "cancellation_reason": status == .cancelled ? reason ?? .null : .null,
    ])
    guard status == .cancelled else { return }
    try await LeadAnalyserStore(writing.transaction, writing.organization).releasePlanned(for: id)
    try await AppointmentStore(writing.transaction, writing.organization).cancelPlanned(for: id)
  }

  /// A mission is closed with all its files: one that will never come is deleted by hand first. The dossier is locked
  /// before they are counted, so that no push adds one in between.
  private func refuseMissingFiles() async throws {
    let missing = try await writing.transaction.pipeline(
      AttachmentStore.lockedMissing(writing.organization, id))
    guard let count: Int = try missing[1].value(), count > 0 else { return }
    throw Problem.conflict(
      "attachments-missing", "Fichiers du terrain pas encore reçus",
      members: ["missing_count": .integer(Int64(count))])
  }

  /// DOS-30: out of the list, still there, still counted.
  func archive(_ isArchived: Bool) async throws {
    try await set(["archived_at": try await mark(isArchived, "archived_at")])
  }

  /// DOS-31: out of sight; nothing is deleted.
  func trash(_ isTrashed: Bool) async throws {
    try await set(["trashed_at": try await mark(isTrashed, "trashed_at")])
  }

  /// Now, or the moment that is there already: archiving twice is archiving once.
  private func mark(_ isSet: Bool, _ column: String) async throws -> JSONValue {
    guard let current = try await store.current(id) else { throw Problem.notFound }
    guard isSet else { return .null }
    if let moment = current[column], !moment.isNull { return moment }
    return .string(writing.call.clock.now().description)
  }

  private var store: DossierStore { DossierStore(writing.transaction, writing.organization) }

  /// POST moves whatever the version; DELETE comes with the version seen.
  private func set(_ values: [String: JSONValue]) async throws {
    let expected = writing.call.method == .delete ? try writing.call.ifMatch() : nil
    try await RowStore(transaction: writing.transaction).update("dossier", id: id, expected: expected, values)
  }
}
