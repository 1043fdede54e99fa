import ArgumentParser
import ConstatCore
import ConstatDevice

/// Step 4: who pays.
struct ChoosePayer: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "payer", abstract: "Choose who pays: a contact of the mission, or somebody new.")

  @OptionGroup var choice: MissionChoice
  @Option(help: "The contact's id, as `show` tells it; without it a new contact is made.") var id: String?
  @OptionGroup var details: ContactDetails

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    guard let id else {
      return [try await device.choosePayer(mission.id, new: details.correction)]
    }
    try await device.choosePayer(mission.id, contact: id)
    return []
  }
}

/// Step 5: cellars, parking spaces and the like.
struct EditOutbuildings: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outbuilding", abstract: "Add or remove a cellar, a garage…",
    subcommands: [Add.self, Remove.self])

  struct Add: MissionCommand {
    static let configuration = CommandConfiguration(abstract: "Add one; answers its id.")

    @OptionGroup var choice: MissionChoice
    @Argument var kind: Outbuilding.Kind
    @Option(name: .customLong("lot")) var lotNumber: String?
    @Option var comment: String?

    func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
      return [
        try await device.addOutbuilding(mission.id, kind, lotNumber: lotNumber, comment: comment)
      ]
    }
  }

  struct Remove: MissionCommand {
    static let configuration = CommandConfiguration(abstract: "Remove one.")

    @OptionGroup var choice: MissionChoice
    @Argument(help: "Its id, as `show` tells it.") var id: String

    func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
      try await device.removeOutbuilding(mission.id, id)
      return []
    }
  }
}

/// Step 6, and what each diagnostic found.
struct EditDiagnostics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnostic", abstract: "Add or remove a diagnostic, or say what it found.",
    subcommands: [Add.self, Remove.self, Conclude.self])

  struct Add: MissionCommand {
    static let configuration = CommandConfiguration(abstract: "Add one of the catalogue.")

    @OptionGroup var choice: MissionChoice
    @Argument(help: "The catalogue's code, such as dpe.") var code: String

    func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
      return [try await device.addDiagnostic(mission.id, code: code)]
    }
  }

  struct Remove: MissionCommand {
    static let configuration = CommandConfiguration(abstract: "Remove one.")

    @OptionGroup var choice: MissionChoice
    @Argument var code: String

    func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
      try await device.removeDiagnostic(mission.id, mission.diagnostic(code).id)
      return []
    }
  }

  struct Conclude: MissionCommand {
    static let configuration = CommandConfiguration(abstract: "Note what a diagnostic found, in short.")

    @OptionGroup var choice: MissionChoice
    @Argument var code: String
    @Argument var text: String
    @Option var outcome: DiagnosticOutcome?

    func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
      try await device.setPreConclusion(
        mission.id, diagnostic: mission.diagnostic(code).id, text, outcome: outcome)
      return []
    }
  }
}

extension Mission {
  fileprivate func diagnostic(_ code: String) throws -> MissionDiagnostic {
    guard let found = diagnostics.first(where: { $0.code == code }) else {
      throw DeviceError.notFound(code)
    }
    return found
  }
}
