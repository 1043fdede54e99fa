import ArgumentParser
import ConstatCore
import ConstatDevice
import Foundation

/// Begins the mission order, here and now.
struct StartMission: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Start the ten steps of the mission order.")

  @OptionGroup var choice: MissionChoice
  @Option(name: .customLong("at"), help: "Where: latitude,longitude.") var position: Position?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    let address = try await device.startMission(mission.id, at: position)
    return [DeviceWords.step(.address(address))]
  }
}

/// Passes a step that has no question.
struct ConfirmStep: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm", abstract: "Confirm the step that the mission order stands at.")

  @OptionGroup var choice: MissionChoice

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    guard let walk = try await device.walk(mission.id) else { throw DeviceError.orderNotStarted }
    let next: MissionWalk =
      switch walk {
      case .address(let step): .complement(try await step.confirm())
      case .complement(let step): .owner(try await step.confirm())
      case .owner(let step): .payer(try await step.confirm())
      case .payer(let step): .outbuildings(try await step.confirm())
      case .outbuildings(let step): .diagnostics(try await step.confirm())
      case .diagnostics(let step): .price(try await step.confirm())
      case .price(let step): .payerPresence(try await step.confirm())
      case .payerPresence, .onSitePayment: throw WrongStep("a question: `constat device answer`")
      case .payment: throw WrongStep("the payment: `constat device pay`, or `answer no`")
      case .end: throw WrongStep("the signatures: `constat device sign`")
      case .finalised: throw MissionOrderError.alreadyFinalised
      }
    return [DeviceWords.step(next)]
  }
}

/// Steps 8 and 9: is the payer there, and does he pay now? No leads to the end of the mission.
struct AnswerStep: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "answer", abstract: "Answer the question that the mission order stands at.")

  enum Answer: String, ExpressibleByArgument, CaseIterable { case yes, no }

  @OptionGroup var choice: MissionChoice
  @Argument var answer: Answer

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    let next: MissionWalk =
      switch (try await device.walk(mission.id), answer) {
      case (.payerPresence(let step), .yes): .onSitePayment(try await step.payerIsPresent())
      case (.payerPresence(let step), .no): .end(try await step.payerIsAbsent())
      case (.onSitePayment(let step), .yes): .payment(try await step.paysNow())
      case (.onSitePayment(let step), .no): .end(try await step.doesNotPayNow())
      case (.payment(let step), .no): .end(try await step.doesNotPayNow())
      default: throw WrongStep("no question")
      }
    return [DeviceWords.step(next)]
  }
}

/// Step 10: the money.
struct TakePayment: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "pay", abstract: "Note the money taken on site.")

  @OptionGroup var choice: MissionChoice
  @Argument(help: "cash, cheque, card or online_card.") var means: PaymentMeans
  @Argument(help: "Such as 396.80.") var amount: Money
  @Option(help: "The cheque's number, or the terminal's.") var reference: String?
  @Option(help: "The cheque's bank.") var bank: String?
  @Option(help: "Who drew the cheque.") var issuer: String?

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    guard case .payment(let step)? = try await device.walk(mission.id) else {
      throw WrongStep("not the payment")
    }
    let end = try await step.take(payment())
    return [DeviceWords.step(.end(end))]
  }

  private func payment() throws -> OnSitePayment {
    switch means {
    case .cash: return .cash(amount)
    case .card: return .card(amount, reference: reference)
    case .cheque:
      guard let reference, let bank, let issuer else {
        throw ValidationError("a cheque has --reference, --bank and --issuer")
      }
      return .cheque(amount, number: reference, bank: bank, issuer: issuer)
    case .onlineCard:
      guard let reference else { throw ValidationError("an online payment has --reference") }
      return .onlineCard(amount, reference: reference)
    case .transfer, .directDebit: throw MissionOrderError.meansNotOnSite(means)
    }
  }
}

/// The end: both parties sign.
struct SignMission: MissionCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Have both parties sign, which ends the mission.")

  @OptionGroup var choice: MissionChoice
  @Option(help: "The technician's name.") var technician: String
  @Option(help: "Their signature, a PNG or JPEG file.", completion: .file()) var technicianImage: String
  @Option(help: "The ordering party's name.") var client: String
  @Option(help: "Their signature.", completion: .file()) var clientImage: String
  @Option(name: .customLong("at"), help: "Where: latitude,longitude.") var position: Position?
  @Flag(help: "The payer asks for a receipt.") var receipt = false
  @Flag(help: "The ordering party asks for a copy.") var copy = false

  func run(on device: FieldDevice, _ mission: Mission) async throws -> [String] {
    guard case .end(let end)? = try await device.walk(mission.id) else { throw WrongStep("not the end") }
    let finalised = try await end.finalise(
      technician: DrawnSignature(name: technician, image: image(technicianImage)),
      orderingParty: DrawnSignature(name: client, image: image(clientImage)), at: position,
      receipt: receipt, copy: copy, marksVisited: true)
    return [DeviceWords.step(.finalised(finalised))]
  }

  private func image(_ file: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ValidationError("cannot read \(file)")
    }
    return Array(data)
  }
}

/// The mission order does not stand where the command would go on from.
struct WrongStep: Error {
  /// What it stands at.
  let stand: String
  init(_ stand: String) { self.stand = stand }
}
