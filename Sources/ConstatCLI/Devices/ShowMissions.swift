import ArgumentParser
import ConstatCore
import ConstatDevice

/// All missions, a line each.
struct ListMissions: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "missions", abstract: "List the missions by their next appointment.")

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    try await device.missions().map { mission in
      let visit = mission.appointment.map(DeviceWords.time) ?? "no appointment"
      let address = [mission.address.street, mission.address.city].compactMap { $0 }.joined(separator: ", ")
      return "\(mission.number)  \(visit)  \(address)  \(mission.status?.rawValue ?? "")"
    }
  }
}

/// The technician's day.
struct ShowDay: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "day",
    abstract: "Show the route sheet of a day, with what is to be had of each mission order.")

  @OptionGroup var place: DevicePlace
  @Option(help: "The day, as 2026-12-01; today's unless given.") var on: Day?

  func run(on device: FieldDevice) async throws -> [String] {
    try await device.routeSheet(on: on).map { stop in
      let mission = stop.mission
      let address = [mission.address.street, mission.address.city].compactMap { $0 }.joined(separator: ", ")
      let parts = stop.parts.map(\.rawValue).joined(separator: ", ")
      return "\(DeviceWords.time(stop.appointment))  \(mission.number)  \(address)  \(parts)"
    }
  }
}

/// One mission, whole.
struct ShowMission: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a mission as it stands here, with what was not sent yet.")

  @OptionGroup var choice: MissionChoice

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    var lines = head(mission)
    for contact in mission.people {
      let roles = mission.contacts.filter { $0.value.id == contact.id }.map(\.key.rawValue).sorted()
      lines.append(
        "contact      \(contact.displayName)\(contact.phone.map { ", " + $0 } ?? "")"
          + " (\(roles.joined(separator: ", "))) \(contact.id)")
    }
    lines += mission.outbuildings.map { "outbuilding  \($0.kind.rawValue) \($0.lotNumber ?? "") \($0.id)" }
    for diagnostic in mission.diagnostics {
      let found = [diagnostic.outcome?.rawValue, diagnostic.preConclusion].compactMap { $0 }
      lines.append("diagnostic   \(diagnostic.code) \(found.joined(separator: ": "))")
    }
    if let price = mission.price.amount { lines.append("price        \(price.decimalComma) € TTC") }
    lines += mission.payments.map {
      "payment      \($0.amount.decimalComma) € \($0.means?.rawValue ?? "") \($0.reference ?? "")"
    }
    if let notes = mission.notes { lines.append("notes        \(notes)") }
    lines.append("order        \(try await DeviceWords.step(device.walk(mission.id)))")
    lines += mission.conflicts.filter(\.isOpen).map { "contested    \(DeviceWords.conflict($0))" }
    lines += mission.parkedEdits.filter(\.isWaiting).map { "parked       \(DeviceWords.parked($0))" }
    if !mission.unconfirmedFields.isEmpty {
      lines.append("not sent     \(mission.unconfirmedFields.sorted().joined(separator: ", "))")
    }
    return lines
  }

  private func head(_ mission: Mission) -> [String] {
    let address = [mission.address.street, mission.address.postcode, mission.address.city]
    let access = mission.access
    let ways = [
      ("floor", access.floor), ("door", access.door), ("staircase", access.staircase),
      ("keys", access.keyPickup), ("escort", access.escort), ("", access.comment),
    ].compactMap { name, value in value.map { name.isEmpty ? $0 : "\(name) \($0)" } }
    var lines = [
      "mission      \(mission.number) \(mission.id)", "status       \(mission.status?.rawValue ?? "")",
      "address      \(address.compactMap { $0 }.joined(separator: ", "))",
    ]
    if !ways.isEmpty { lines.append("access       \(ways.joined(separator: ", "))") }
    lines += mission.appointments.map { "appointment  \(DeviceWords.time($0)) \($0.status.rawValue)" }
    return lines
  }
}
