import ArgumentParser
import ConstatDevice

/// Values that met somebody else's.
struct ListConflicts: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "conflicts",
    abstract: "List the open conflicts: both values are kept until the office decides.")

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    try await device.conflicts.filter(\.isOpen).map(DeviceWords.conflict)
  }
}

/// What the technician must be told.
struct ReadInbox: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "inbox", abstract: "Read what became of edits that were not simply applied.")

  @OptionGroup var place: DevicePlace
  @Option(help: "Dismiss this message.") var dismiss: Int64?

  func run(on device: FieldDevice) async throws -> [String] {
    if let item = try await device.inbox.first(where: { $0.id == dismiss }) {
      try await device.dismiss(item)
    }
    return try await device.inbox.map { item in
      "\(item.id)  \(item.missionLabel)  \(DeviceWords.news(item))"
    }
  }
}

/// What still waits to be sent.
struct ListPending: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "pending", abstract: "Count the edits that wait to be sent.")

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    let count = try await device.unsentCount
    guard let oldest = try await device.oldestUnsentAt else { return ["Nothing waits."] }
    return ["\(count) edits wait, the oldest since \(oldest)."]
  }
}

/// All edits and their answers, whatever the server says.
struct ExportJournal: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Print the journal as JSON: all edits and their answers.")

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    [try await device.exportJournal()]
  }
}
