import ArgumentParser
import ConstatSimulation
import Foundation

/// Technicians, an office and a bad day, against servers of its own; ends with an error where anything was lost.
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try offline sync with everything that can go wrong, and prove that nothing is lost.",
    discussion: """
      Runs a PostgreSQL and an API of its own under /tmp, devices of the SDK with their files, an office, and a network
      between them that loses, repeats, delays, reorders and cuts; devices, API and PostgreSQL are killed, devices are
      revoked, and the server is put back to a backup; the company changes what devices are shown and which means of payment
      they take. Technicians edit, take photos and money, and have mission orders signed. Then all heals, all syncs, and an oracle looks: every device holds what the server says; every value that
      was typed is live, replaced by someone who had been shown it, in a conflict, a proposal or parked; nothing was done twice;
      the books balance and hold all money once; the bytes of every photo are there once. Only what the office typed
      between a backup and its restore may be gone, and is counted.
      """)

  @Option(help: "How many devices.")
  var devices = 4
  @Option(help: "For how long they work; longer where not all of it has happened by then.")
  var seconds = 15
  @Option(help: "Decides what everyone does. Drawn where it is not given.")
  var seed: UInt64?
  @Option(
    help:
      "`all`, `none`, or names divided by commas: \(Trouble.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var faults = "all"
  @Option(help: "Instead of that: this many devices at a working day's pace, and what it costs the server.")
  var load = 0
  @Option(help: "With --load: this many connections that only wait for live events.")
  var listeners = 0
  @Option(name: .customLong("break"), help: .hidden)
  var breakage = "none"

  func validate() throws {
    guard (1...200).contains(devices), (1...86_400).contains(seconds), load >= 0, listeners >= 0 else {
      throw ValidationError("1 to 200 devices, 1 to 86400 seconds; no negative load")
    }
    _ = try troubles()
    _ = try breakages()
  }

  /// What goes wrong on this day.
  func troubles() throws -> Set<Trouble> { Set(try Self.named(faults)) }

  private func breakages() throws -> [Breakage] { try Self.named(breakage) }

  /// `all`, `none`, or names divided by commas.
  private static func named<Name: CaseIterable & RawRepresentable<String>>(_ text: String) throws -> [Name] {
    switch text {
    case "all": return Array(Name.allCases)
    case "none": return []
    default:
      return try text.split(separator: ",").map { word in
        guard let name = Name(rawValue: String(word)) else { throw ValidationError("unknown name \(word)") }
        return name
      }
    }
  }

  func run() async throws {
    OpenFiles.raiseLimit()
    let configuration = try Configuration()
    guard load == 0, listeners == 0 else { return try await tryLoad(configuration) }
    let plan = SimulationPlan(
      devices: devices, seconds: seconds, seed: seed ?? UInt64.random(in: 1...999_999),
      troubles: try troubles())
    let simulation = Simulation(plan, program: Self.program, home: configuration.home) {
      Terminal.note("\($0) …")
    }
    let breakages = try breakages()
    let report = try await simulation.run(breaking: breakages)
    Terminal.say(report.text)
    for breakage in breakages {
      let found = report.breakages[breakage].map { $0.first ?? "NOT FOUND" } ?? "nothing of the kind there"
      Terminal.say("Broken on purpose (\(breakage.rawValue)): \(found)")
    }
    guard report.violations.isEmpty, breakages.isEmpty else { throw ExitCode.failure }
  }

  private func tryLoad(_ configuration: Configuration) async throws {
    let trial = LoadTrial(
      devices: load, listeners: listeners, seconds: seconds, program: Self.program, home: configuration.home
    ) { Terminal.note("\($0) …") }
    let report = try await trial.run()
    Terminal.say(report.text)
    if !report.holds { throw ExitCode.failure }
  }

  /// This program's own file: where the system says, or as it was called.
  private static var program: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().path
  }
}
