import ArgumentParser
import ConstatDevice
import Foundation

/// A field device as a command line: the complete example of what an app does with ConstatDevice, each screen a
/// command. It works on a file of its own, without network except for `enrol` and `sync`.
struct DeviceCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device",
    abstract: "Be a technician's device: missions offline, synced when there is a network.",
    discussion: """
      A first round, on the demo organization of `constat seed`:

        constat device enrol http://127.0.0.1:8080 --email marc@demo.test --password constat-demo
        constat device sync
        constat device missions
        constat device start 1 --at 43.49,-1.47
        constat device edit address 1 --street "8 bis chemin de Lahubiague"
        constat device confirm 1
        constat device sync
      """,
    subcommands: [
      EnrolDevice.self, SyncDevice.self, WatchDevice.self, ListMissions.self, ShowDay.self, ShowMission.self,
      StartMission.self,
      EditMission.self, ChoosePayer.self, EditOutbuildings.self, EditDiagnostics.self, ConfirmStep.self,
      AnswerStep.self, TakePayment.self, SignMission.self, AttachFile.self, ListFiles.self, UploadFiles.self,
      ListConflicts.self, ReadInbox.self,
      ListPending.self, ExportJournal.self,
    ])
}

/// Where a device keeps its file.
struct DevicePlace: ParsableArguments {
  @Option(help: "The directory of the device's file.", completion: .directory)
  var directory = ".constat-device"

  var file: String { URL(filePath: directory).appending(path: "device.sqlite").path }

  func open() async throws -> FieldDevice {
    guard FileManager.default.fileExists(atPath: file) else { throw DeviceError.notEnrolled }
    return try await FieldDevice.open(file: file)
  }
}

/// A command on an enrolled device: what it does, and the lines that it answers with.
protocol DeviceCommand: AsyncParsableCommand {
  var place: DevicePlace { get }
  func run(on device: FieldDevice) async throws -> [String]
}

extension DeviceCommand {
  func run() async throws {
    do {
      for line in try await lines() { Terminal.say(line) }
    } catch {
      throw Terminal.failure(DeviceWords.reason(error), DeviceWords.exitCode(error))
    }
  }

  /// Opens the device, runs, and closes it whatever becomes of it.
  func lines() async throws -> [String] {
    let device = try await place.open()
    let lines: [String]
    do { lines = try await run(on: device) } catch {
      try device.close()
      throw error
    }
    try device.close()
    return lines
  }
}

/// A command on one of the device's missions.
protocol MissionCommand: DeviceCommand {
  var choice: MissionChoice { get }
  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String]
}

extension MissionCommand {
  var place: DevicePlace { choice.place }

  func run(on device: FieldDevice) async throws -> [String] {
    try await run(on: device, choice.found(on: device))
  }
}

/// The device, and the mission that a command is about.
struct MissionChoice: ParsableArguments {
  @OptionGroup var place: DevicePlace
  @Argument(help: "The mission's number, or its id.")
  var mission: String

  fileprivate func found(on device: FieldDevice) async throws -> Mission {
    let missions = try await device.missions()
    let found = missions.first { $0.id == mission.lowercased() || String($0.number) == mission }
    guard let found else { throw DeviceError.missionNotHere(mission) }
    return found
  }
}
