import ArgumentParser
import ConstatDevice
import Foundation

/// Makes this directory a device of a technician.
struct EnrolDevice: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enrol", abstract: "Enrol this directory as a device of a technician.",
    discussion: "With --again, after the server asked for it: edits that were never answered are kept.")

  @OptionGroup var place: DevicePlace

  @Argument(help: "The server's address, such as http://127.0.0.1:8080.")
  var server: String

  @Option(help: "The technician's e-mail address.")
  var email: String

  @Option(help: "Their password (or CONSTAT_PASSWORD).")
  var password: String?

  @Option(help: "What the office calls the device.")
  var name = "constat device"

  @Option(help: "The organization's slug, where the address is known in several.")
  var organization: String?

  @Flag(help: "Enrol an enrolled directory anew.")
  var again = false

  func run() async throws {
    guard let password = password ?? ProcessInfo.processInfo.environment["CONSTAT_PASSWORD"] else {
      throw Terminal.failure("no password: give --password or CONSTAT_PASSWORD", Terminal.configurationError)
    }
    do {
      for line in try await lines(password) { Terminal.say(line) }
    } catch {
      throw Terminal.failure(DeviceWords.reason(error), DeviceWords.exitCode(error))
    }
  }

  func lines(_ password: String) async throws -> [String] {
    if again {
      let device = try await place.open()
      try await device.enrolAgain(email: email, password: password, organization: organization)
      let waiting = try await device.unsentCount
      try device.close()
      return ["Enrolled anew; \(waiting) edits wait to be sent."]
    }
    try FileManager.default.createDirectory(
      at: URL(filePath: place.directory), withIntermediateDirectories: true)
    let device = try await FieldDevice.enrol(
      file: place.file, server: server, email: email, password: password, name: name,
      organization: organization)
    try device.close()
    return ["Enrolled as “\(name)”. `constat device sync` brings the missions."]
  }
}
