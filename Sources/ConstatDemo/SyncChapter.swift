import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation

/// Chapter 3: the first push's answer is lost; everything is applied once; one conflict, which the office
/// resolves.
struct SyncChapter {
  let stage: Stage
  let order: Order
  let visit: Visit

  func play() async throws {
    try await push()
    try await photo()
    let conflict = try await conflict()
    try await resolve(conflict)
    try await compare()
    try await fieldReturn()
  }

  private func push() async throws {
    visit.network.isUp = true
    visit.network.loseNextPushAnswer()
    var isOffline = false
    do { try await visit.device.sync() } catch is SyncError { isOffline = true }
    try stage.expect(
      isOffline && visit.network.lost == 1, "the first push's answer is lost", "\(visit.network.lost)")
    let waiting = try await visit.device.unsentCount
    stage.step(
      "The network is back; the first answer is lost",
      "\(waiting) edits still wait, though the server has them")
    let report = try await visit.device.sync()
    let replayed = report.results.count { $0.isReplay }
    try stage.expect(
      replayed > 0, "the device pushes again and is answered as then", "\(report.results.count) results")
    let refused = report.results.filter { $0.status == .rejected || $0.status == .parked }
    try stage.expect(refused.isEmpty, "nothing is refused", "\(refused)")
    let left = try await visit.device.unsentCount
    try stage.expect(left == 0, "nothing waits any more", "\(left)")
    stage.step(
      "The device pushes again", "\(report.results.count) answers, \(replayed) of them replayed: applied once"
    )
    try await once()
  }

  private func once() async throws {
    let outbuildings = try await stage.get("/v1/dossiers/\(order.dossier)/outbuildings", visit.token).items
    try stage.expect(outbuildings.count == 1, "one cellar, not two", "\(outbuildings.count)")
    let accountant = try await stage.signIn(stage.cast.accountant)
    let payments = try await stage.get("/v1/payments?dossier_id=\(order.dossier)", accountant).items
    try stage.expect(payments.count == 1, "one cheque, not two", "\(payments.count)")
  }

  /// The row came with the edits; the bytes follow by themselves.
  private func photo() async throws {
    let path = "/v1/dossiers/\(order.dossier)/attachments"
    let before = try await stage.get(path, visit.token)
    try stage.expect(before["missing_count"] == 1, "the office knows of a photo that is to come", before.text)
    let report = try await visit.device.uploadAttachments()
    let after = try await stage.get(path, visit.token)
    try stage.expect(report.uploaded == 1 && after["complete"] == true, "the photo follows", after.text)
    let id = after.items.first?["id"]?.string ?? ""
    let content = try await stage.get("/v1/attachments/\(id)/content", visit.token)
    try stage.expect(content.status == 200, "the office opens the photo", "\(content.status)")
    stage.step("The photo follows", "\(report.bytesSent) bytes, and the mission is complete")
  }

  private func conflict() async throws -> JSONValue {
    let dossier = try await stage.get("/v1/dossiers/\(order.dossier)", visit.token)
    try stage.expect(
      dossier["street"].string == visit.street && dossier["internal_reference"] == "Étude Etcheverry"
        && dossier["door"] == "face", "independent edits both stand", dossier.text)
    stage.step("Independent edits", "the office's reference and the technician's door both stand")
    let open = try await stage.get("/v1/sync/conflicts?state=open&dossier_id=\(order.dossier)", visit.token)
      .items
    guard open.count == 1, let conflict = open.first, conflict["field"] == "street",
      conflict["theirs"]?["value"] == "10 chemin de Lahubiague",
      conflict["mine"]?["value"]?.string == visit.street
    else { throw Story.Departure(step: "the contested street is one visible conflict", detail: "\(open)") }
    let shown = try await visit.device.conflicts
    try stage.expect(
      shown.contains { $0.id == conflict["id"]?.string }, "the technician sees the conflict too", "\(shown)")
    stage.step("The contested street", "a conflict with both values, seen by office and technician")
    return conflict
  }

  private func resolve(_ conflict: JSONValue) async throws {
    let resolved = try await stage.post(
      "/v1/sync/conflicts/\(conflict["id"]?.string ?? "")/resolve", visit.token, ["choice": "mine"],
      step: "the office resolves")
    try stage.expect(resolved["state"] == "resolved", "the office resolves", resolved.text)
    try await visit.device.sync()
    stage.step("The office resolves it", "the technician was there: \(visit.street)")
  }

  /// Office and device hold the same.
  private func compare() async throws {
    let dossier = try await stage.get("/v1/dossiers/\(order.dossier)", visit.token)
    let mission = try await visit.device.mission(order.dossier)
    let owner = try await stage.get("/v1/contacts/\(order.owner)", visit.token)
    try stage.expect(
      mission?.address.street == dossier["street"].string
        && mission?.reference == dossier["internal_reference"].string
        && mission?.owner?.phone == owner["phone"].string && owner["phone"].string == visit.phone,
      "identical data",
      "\(dossier["street"]) / \(mission?.address.street ?? "-"); \(owner["phone"]) / \(mission?.owner?.phone ?? "-")"
    )
    let rows = try await visit.device.rows()
    let fields = rows[EntityKey(.dossier, order.dossier)]?.values ?? [:]
    for (field, value) in fields {
      guard let shown = dossier.json[field], field != "vat_rate", field != "version" else { continue }
      try stage.expect(shown == value, "office and device hold the same \(field)", "\(shown) / \(value)")
    }
    stage.step("Office and device", "\(fields.count) fields compared: identical")
  }

  private func fieldReturn() async throws {
    let accountant = try await stage.signIn(stage.cast.accountant)
    let path = "/v1/dossiers/\(order.dossier)/field-return"
    let report = try await stage.get(path, accountant)
    try stage.expect(
      report.status == 200 && report.text.contains("Marc Bidart") && report.text.contains("43.4929"),
      "who, where, when, signatures", "\(report.status) \(report.text)")
    let refused = try await stage.get(path, visit.token)
    try stage.expect(refused.status == 403, "administrators and accountants only", "\(refused.status)")
    stage.step(
      "Retour terrain", "who, where, when and both signatures, for the accountant; 403 for the office")
  }
}
