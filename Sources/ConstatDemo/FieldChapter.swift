import ConstatCore
import ConstatDevice
import ConstatSync
import Foundation

/// What comes out of the cellar.
struct Visit: Sendable {
  let device: FieldDevice
  let network: FlakyNetwork
  let token: String
  /// What the technician typed.
  let street: String
  let phone: String
}

/// Chapter 2: enrolment, then the ten steps of the mission order without network, while the office goes on.
struct FieldChapter {
  let stage: Stage
  let order: Order

  func play() async throws -> Visit {
    let network = FlakyNetwork(try Transport.http(stage.cast.server))
    let device = try await FieldDevice.enrol(
      file: stage.cast.deviceFile, server: stage.cast.server, email: stage.cast.marc.email,
      password: stage.cast.marc.password, name: "Téléphone de Marc", transport: network.transport)
    try await device.sync()
    let missions = try await device.missions()
    try stage.expect(
      missions.contains { $0.id == order.dossier }, "the device has Marc's mission", "\(missions.map(\.id))")
    try await onlyOurs(device)
    stage.step("Marc's phone is enrolled and pulls", "\(missions.count) mission(s), all his")
    network.isUp = false
    stage.step("No network from here", "the cellar")
    let visit = Visit(
      device: device, network: network, token: try await stage.signIn(stage.cast.office),
      street: "8 bis chemin de Lahubiague", phone: "06 12 34 56 78")
    try await walk(visit)
    try await meanwhile(visit)
    return visit
  }

  /// Nobody else's missions are on the device.
  private func onlyOurs(_ device: FieldDevice) async throws {
    let technician = try await device.enrolment().technician
    let appointments = try await device.rows().values.filter { $0.key.type == .appointment }
    let missions = Set(try await device.missions().map(\.id))
    let his = Set(
      appointments.filter { $0.values["technician_id"]?.string == technician }.compactMap {
        $0.values["dossier_id"]?.string
      })
    try stage.expect(missions == his, "exactly the technician's missions", "\(missions) / \(his)")
  }

  private func walk(_ visit: Visit) async throws {
    let device = visit.device
    let here = Position(latitude: 43.4929, longitude: -1.4748)
    let address = try await device.startMission(order.dossier, at: here)
    try await address.correct(AddressCorrection(street: .set(visit.street), position: .set(here)))
    let complement = try await address.confirm()
    stage.step("1 L'adresse du bien", "corrected: \(visit.street)")
    try await complement.correct(AccessCorrection(door: "face", comment: "Digicode 4521"))
    let owner = try await complement.confirm()
    stage.step("2 Informations complémentaires", "door and door code noted")
    try await owner.correct(ContactCorrection(phone: .set(visit.phone)))
    let payer = try await owner.confirm()
    stage.step("3 Le propriétaire", "phone corrected: \(visit.phone)")
    let outbuildings = try await payer.confirm()
    stage.step("4 Le payeur", "as ordered")
    _ = try await outbuildings.add(.cellar, lotNumber: "112")
    let garage = try await outbuildings.add(.garage, lotNumber: "7")
    try await outbuildings.remove(garage)
    let diagnostics = try await outbuildings.confirm()
    stage.step("5 Les dépendances", "cellar lot 112 added; a garage added and taken back")
    _ = try await diagnostics.add("gas")
    let price = try await diagnostics.confirm()
    stage.step("6 Les diagnostics", "gas added")
    let presence = try await price.confirm()
    stage.step("7 Le prix de la mission", "\(Money(cents: order.price).decimalComma) € TTC")
    let onSite = try await presence.payerIsPresent()
    stage.step("8 Présence du payeur sur place ?", "oui")
    let payment = try await onSite.paysNow()
    stage.step("9 Règlement sur place ?", "oui")
    let end = try await payment.take(
      .cheque(Money(cents: order.price), number: "0042187", bank: "Crédit Agricole", issuer: "Peio Haristoy"))
    stage.step("10 Paiement", "cheque n° 0042187")
    try await finish(end, device, here)
  }

  private func finish(_ end: MissionEnd, _ device: FieldDevice, _ here: Position) async throws {
    let mission = try await device.mission(order.dossier)
    for diagnostic in mission?.diagnostics ?? [] {
      let (text, outcome): (String, DiagnosticOutcome) =
        switch diagnostic.code {
        case "lead": ("Revêtements dégradés contenant du plomb", .presence)
        case "asbestos": ("Aucun matériau repéré", .absence)
        case "termites": ("Aucun indice", .absence)
        case "gas", "electricity": ("Anomalies mineures", .anomaly)
        default: ("Relevés faits", .done)
        }
      try await end.setPreConclusion(diagnostic: diagnostic.id, text, outcome: outcome)
    }
    stage.step("Pré-conclusions", "\(mission?.diagnostics.count ?? 0) diagnostics")
    try await device.attach(
      order.dossier, Self.strokes + Array(order.dossier.utf8), named: "tableau électrique.png",
      caption: "Tableau électrique", diagnostic: "gas", at: here)
    stage.step("A photo", "kept on the device, beside the edits")
    _ = try await end.finalise(
      technician: DrawnSignature(name: "Marc Bidart", image: Self.strokes),
      orderingParty: DrawnSignature(name: "Peio Haristoy", image: Self.strokes, capacity: .owner), at: here,
      receipt: true,
      copy: true,
      marksVisited: true)
    let unsent = try await device.unsentCount
    try stage.expect(unsent > 10, "everything waits in the device's file", "\(unsent)")
    stage.step("Both parties sign", "\(unsent) edits wait in the device's file")
  }

  /// The office changes one field that the technician changed too, and one that he did not.
  private func meanwhile(_ visit: Visit) async throws {
    _ = try await stage.patch(
      "/v1/dossiers/\(order.dossier)", visit.token,
      ["street": "10 chemin de Lahubiague", "internal_reference": "Étude Etcheverry"],
      step: "the office edits the dossier")
    stage.step("Meanwhile the office", "corrects the street too, and the internal reference")
  }

  /// A PNG of one pixel: what a stylus leaves in a story.
  private static let strokes = [UInt8](
    Data(
      base64Encoded:
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")!)
}
