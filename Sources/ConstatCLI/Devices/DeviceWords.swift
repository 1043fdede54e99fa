import ArgumentParser
import ConstatCore
import ConstatDevice
import ConstatSync

/// The device's words for people.
enum DeviceWords {
  static func time(_ appointment: MissionAppointment) -> String {
    let zone = (try? Zone(appointment.timeZone)) ?? .paris
    return zone.local(of: appointment.startsAt).description.replacing("T", with: " ")
  }

  static func step(_ walk: MissionWalk?) -> String {
    switch walk {
    case nil: "not started"
    case .address: "1 of 10: the address"
    case .complement: "2 of 10: how to get in"
    case .owner: "3 of 10: the owner"
    case .payer: "4 of 10: the payer"
    case .outbuildings: "5 of 10: the outbuildings"
    case .diagnostics: "6 of 10: the diagnostics"
    case .price: "7 of 10: the price"
    case .payerPresence: "8 of 10: is the payer there?"
    case .onSitePayment: "9 of 10: does he pay now?"
    case .payment: "10 of 10: the payment"
    case .end: "the end: pre-conclusions and signatures"
    case .finalised: "finalised"
    }
  }

  static func conflict(_ conflict: MissionConflict) -> String {
    let record = conflict.record
    return
      "\(record.field): here \(record.mine.value), there \(record.theirs.value); \(record.chosen.rawValue) is live"
  }

  static func parked(_ parked: MissionParkedEdit) -> String {
    let reason = parked.reason?.rawValue ?? "late"
    guard let edit = parked.edit else { return "an edit (\(reason)) that this program does not know" }
    let values = edit.values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return ([edit.operation.rawValue, edit.key.type.rawValue] + values).joined(separator: " ")
      + " (\(reason))"
  }

  static func news(_ item: InboxItem) -> String {
    switch item.kind {
    case .rejected(let rejection): "refused: \(rejection.detail)"
    case .parked(let reason): "came too late (\(reason.rawValue)): the office has it"
    case .conflicted: "met somebody else's value: the office decides"
    case .missionLeft(let reason, let waiting):
      "the mission left (\(reason.rawValue)), \(waiting) of its edits were waiting"
    case .stateDiffered(let types):
      "what was held was not what the server has (\(types.joined(separator: ", "))): received anew"
    }
  }

  /// What went wrong, in a sentence.
  static func reason(_ error: any Error) -> String {
    switch error {
    case let error as SyncError: reason(error)
    case let error as DeviceError: reason(error)
    case let error as FieldProblems:
      error.problems.map { "\($0.pointer): \($0.detail)" }.joined(separator: "; ")
    case let error as MissionOrderError: "the mission order cannot do that: \(error.code)"
    case let error as PaymentError: "this payment cannot be taken: \(error.code)"
    case let error as WrongStep: "the mission order is at another place: \(error.stand)"
    case let error as ValidationError: error.message
    default: "\(error)"
    }
  }

  /// Trying again later helps with some.
  static func exitCode(_ error: any Error) -> ExitCode {
    switch error as? SyncError {
    case .offline, .serverBusy: Terminal.unavailable
    default: .failure
    }
  }

  private static func reason(_ error: SyncError) -> String {
    switch error {
    case .offline(let detail): "no network: \(detail). Nothing is lost; sync again later"
    case .serverBusy(let status, _): "the server is busy (\(status)). Nothing is lost; sync again later"
    case .unreadableAnswer: "the answer is not a Constat server's"
    case .refused(let problem): "refused: \(problem.title) (\(problem.code))"
    case .signInRefused:
      "the sign-in was refused; `constat device enrol --again` where the device is enrolled"
    case .revoked: "the device was revoked while edits could not be sent: `constat device export`"
    case .enrolmentNeeded: "the server asks for a new enrolment: `constat device enrol --again`"
    case .updateNeeded: "the server asks for a newer version of this program"
    }
  }

  private static func reason(_ error: DeviceError) -> String {
    switch error {
    case .notEnrolled: "no device is enrolled here: `constat device enrol`"
    case .alreadyEnrolled: "a device is enrolled here already; --again enrols it anew"
    case .otherTechnician: "this directory holds edits of another technician"
    case .missionNotHere(let mission): "no mission \(mission) on this device"
    case .notFound(let row): "no \(row) in this mission"
    case .orderNotStarted: "the mission order is not started: `constat device start`"
    case .orderAlreadyStarted: "the mission order was started already"
    case .unknownDiagnostic(let code): "no diagnostic \(code) in the catalogue"
    case .diagnosticPresent(let code): "the mission has the diagnostic \(code) already"
    case .unusableSignature: "a signature is a PNG or JPEG image of at most 200 KiB"
    case .unusableFile: "a file is a JPEG, PNG or PDF"
    case .fileTooLarge(let bytes): "\(bytes) bytes are more than the 50 MiB of a file"
    case .fileNotHere: "neither this device nor the server has the file yet"
    case .gestureTooLarge(let rows): "\(rows) rows are more than one gesture may change"
    }
  }
}
