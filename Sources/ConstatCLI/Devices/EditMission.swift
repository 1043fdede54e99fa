import ArgumentParser
import ConstatCore
import ConstatDevice

/// Corrections, at any time. An option that is not given leaves its field as it is; an empty one clears it.
struct EditMission: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Correct a mission; an empty value clears a field.",
    subcommands: [
      EditAddress.self, EditAccess.self, EditFacts.self, EditContact.self, EditPrice.self, EditNotes.self,
    ])
}

/// Step 1: where the property is.
struct EditAddress: MissionCommand {
  static let configuration = CommandConfiguration(commandName: "address", abstract: "Correct the address.")

  @OptionGroup var choice: MissionChoice
  @Option var street: String?
  @Option var complement: String?
  @Option var postcode: String?
  @Option var city: String?
  @Option(name: .customLong("insee")) var inseeCode: String?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    try await device.correctAddress(
      mission.id,
      AddressCorrection(
        street: .given(street), complement: .given(complement), postcode: .given(postcode),
        city: .given(city), inseeCode: .given(inseeCode)))
    return []
  }
}

/// Step 2: how to get in.
struct EditAccess: MissionCommand {
  static let configuration = CommandConfiguration(commandName: "access", abstract: "Correct how to get in.")

  @OptionGroup var choice: MissionChoice
  @Option var floor: String?
  @Option var door: String?
  @Option var staircase: String?
  @Option(name: .customLong("building")) var buildingLabel: String?
  @Option(name: .customLong("lot")) var lotNumber: String?
  @Option(name: .customLong("keys"), help: "Where the keys are.") var keyPickup: String?
  @Option(help: "Who comes along.") var escort: String?
  @Option var comment: String?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    try await device.correctAccess(
      mission.id,
      AccessCorrection(
        floor: .given(floor), door: .given(door), staircase: .given(staircase),
        buildingLabel: .given(buildingLabel), lotNumber: .given(lotNumber), keyPickup: .given(keyPickup),
        escort: .given(escort), comment: .given(comment)))
    return []
  }
}

/// Facts of the property, seen on site.
struct EditFacts: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts", abstract: "Correct the property's facts.")

  @OptionGroup var choice: MissionChoice
  @Option(name: .customLong("type")) var propertyType: PropertyType?
  @Option(help: "In hundredths of a square metre.") var area: Int?
  @Option var rooms: Int?
  @Option(help: "Year of construction.") var built: Int?
  @Option(help: "Year of the building permit.") var permit: Int?
  @Option(help: "true or false.") var heated: Bool?
  @Option(help: "Whether the gas installation is over 15 years old.") var oldGas: Bool?
  @Option(help: "Whether the electrical installation is over 15 years old.") var oldElectricity: Bool?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    try await device.correctFacts(
      mission.id,
      FactsCorrection(
        propertyType: .given(propertyType), floorAreaHundredths: .given(area), roomCount: .given(rooms),
        builtYear: .given(built), permitYear: .given(permit), heated: .given(heated),
        gasInstallationOver15Years: .given(oldGas),
        electricalInstallationOver15Years: .given(oldElectricity)))
    return []
  }
}

/// Step 3, and whoever else the mission names.
struct EditContact: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "contact", abstract: "Correct a contact of the mission, the owner unless another is given.")

  @OptionGroup var choice: MissionChoice
  @Option(help: "The contact's id, as `show` tells it.") var id: String?
  @OptionGroup var details: ContactDetails

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    guard let contact = id ?? mission.owner?.id else { throw DeviceError.notFound("owner") }
    try await device.correctContact(mission.id, contact: contact, details.correction)
    return []
  }
}

/// What a command says of a contact.
struct ContactDetails: ParsableArguments {
  @Option var lastName: String?
  @Option var firstName: String?
  @Option(name: .customLong("company")) var companyName: String?
  @Option var phone: String?
  @Option var mobile: String?
  @Option var email: String?

  var correction: ContactCorrection {
    ContactCorrection(
      companyName: .given(companyName), lastName: .given(lastName), firstName: .given(firstName),
      email: .given(email), phone: .given(phone), mobile: .given(mobile))
  }
}

/// Step 7.
struct EditPrice: MissionCommand {
  static let configuration = CommandConfiguration(commandName: "price", abstract: "Correct the price.")

  @OptionGroup var choice: MissionChoice
  @Argument(help: "Tax included, such as 396.80.") var amount: Money
  @Option var comment: String?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    try await device.correctPrice(mission.id, amount, comment: comment)
    return []
  }
}

/// The dossier's notes: the office may be writing too, and both stay.
struct EditNotes: MissionCommand {
  static let configuration = CommandConfiguration(commandName: "notes", abstract: "Write the notes.")

  @OptionGroup var choice: MissionChoice
  @Argument var text: String

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    try await device.writeNotes(mission.id, text)
    return []
  }
}

extension Correction {
  /// An option that is not given keeps what is there.
  fileprivate static func given(_ value: Value?) -> Correction { value.map { .set($0) } ?? .keep }
}

extension Correction<String> {
  /// The same, and an empty one clears it.
  fileprivate static func given(_ text: String?) -> Correction {
    text.map { $0.isEmpty ? .clear : .set($0) } ?? .keep
  }
}
