import ConstatCore
import ConstatDevice
import Seeds

/// What a technician corrects, adds and takes back.
extension SimulatedTechnician {
  func edit() async throws {
    guard let mission = try await anyMission() else {
      // Nothing to do yet: it comes by sync.
      try await syncOnce()
      return
    }
    try await edit(mission)
  }

  /// The company changes its mind about what devices are shown before the last edit is sent.
  private func haveWithheld() async throws {
    guard plan.troubles.contains(.withholding), random.chance(25) else { return }
    try await ask(.withhold)
    if await office.tally[.withholding] > 1 { day?.saw(.withholding) }
  }

  func edit(_ mission: Mission) async throws {
    guard let device else { return }
    try await typing("edits") {
      if let open = mission.proposals.first(where: \.isOpen), random.chance(30) {
        try await device.decide(mission.id, proposal: open.id, accept: random.chance(50))
        tally.add("proposals decided on site")
      } else {
        try await edit(mission, on: device)
      }
    }
  }

  private func edit(_ mission: Mission, on device: FieldDevice) async throws {
    let id = mission.id
    switch random.below(12) {
    case 0, 1: try await device.correctAddress(id, AddressCorrection(street: .set(token(.set))))
    case 2: try await device.correctAccess(id, AccessCorrection(comment: .set(token(.set))))
    case 3: try await device.correctAccess(id, AccessCorrection(keyPickup: .set(token(.set))))
    case 4:
      guard let contact = mission.people.isEmpty ? nil : random.pick(mission.people) else { return }
      let correction =
        random.chance(50)
        ? ContactCorrection(street: .set(token(.set)))
        : ContactCorrection(addressComplement: .set(token(.set)))
      try await device.correctContact(id, contact: contact.id, correction)
      try await haveWithheld()
    case 5:
      guard let contact = mission.people.isEmpty ? nil : random.pick(mission.people) else { return }
      var emails = contact.additionalEmails
      if emails.count > 6 { emails.remove(at: random.below(emails.count)) }
      try await device.correctContact(
        id, contact: contact.id,
        ContactCorrection(additionalEmails: .set(emails + ["\(token(.list))@example.test"])))
    case 6: try await device.addOutbuilding(id, .cellar, lotNumber: token(.creation))
    case 7:
      guard let one = mission.outbuildings.isEmpty ? nil : random.pick(mission.outbuildings) else { return }
      try await device.correctOutbuilding(id, one.id, comment: .set(token(.set)))
    case 8:
      guard mission.outbuildings.count > 2 else { return }
      try await device.removeOutbuilding(id, random.pick(mission.outbuildings).id)
    case 9: try await device.choosePayer(id, new: ContactCorrection(lastName: .set(token(.creation))))
    case 10:
      let shown = mission.notes ?? ""
      let token = token(.note)
      let kept = shown.utf8.count > 2_000 ? "" : shown
      try await device.writeNotes(id, kept.isEmpty ? token : kept + "\n---\n" + token)
    default:
      if let one = mission.diagnostics.randomElement(using: &random) {
        try await device.setPreConclusion(id, diagnostic: one.id, token(.set))
      } else {
        try await device.addDiagnostic(id, code: random.pick(mission.catalogue).code)
      }
    }
  }
}
