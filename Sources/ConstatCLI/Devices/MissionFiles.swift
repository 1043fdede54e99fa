import ArgumentParser
import ConstatDevice
import Foundation

/// Adds a photo, plan or paper to a mission.
struct AttachFile: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "attach", abstract: "Add a JPEG, PNG or PDF file to a mission; answers its id.")

  @OptionGroup var choice: MissionChoice
  @Argument(completion: .file()) var file: String
  @Option var caption: String?
  @Option(help: "The code of the diagnostic that it is about.") var diagnostic: String?
  @Option(name: .customLong("at"), help: "Where: latitude,longitude.") var position: Position?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    return [
      try await device.attach(
        mission.id, file: URL(filePath: file), caption: caption, diagnostic: diagnostic, at: position)
    ]
  }
}

/// A mission's files, and where their bytes are.
struct ListFiles: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "List a mission's files and where their bytes are.")

  @OptionGroup var choice: MissionChoice

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    return try await device.attachments(mission.id).map { file in
      let bytes =
        switch file.bytes {
        case .waiting(let sent): "\(sent) of \(file.size) bytes sent"
        case .setAside(let problem): "set aside: \(problem.title)"
        case .onServer: "on the server"
        case .elsewhere: "on another device"
        }
      return "\(file.fileName)  \(file.caption ?? "")  \(bytes)"
    }
  }
}

/// Sends the files that wait; a sync does not wait for them, nor they for a sync.
struct UploadFiles: DeviceCommand {
  static let configuration = CommandConfiguration(
    commandName: "upload", abstract: "Send the files that wait, each from where the server has it.")

  @OptionGroup var place: DevicePlace

  func run(on device: FieldDevice) async throws -> [String] {
    let report = try await device.uploadAttachments { progress in
      Terminal.note("\(progress.fileName): \(progress.sent) of \(progress.size) bytes")
    }
    return ["\(report.uploaded) files sent, \(try await device.pendingAttachments.count) wait."]
  }
}
