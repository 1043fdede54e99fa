/// Who this installation is to the server. One journal per installation: an app that is installed anew, or whose file
/// was copied, enrols anew.
public struct Enrolment: Sendable, Hashable {
  /// The server's address, such as "https://constat.example".
  public let server: String
  public let device: String
  public let technician: String
  /// What the office calls the device.
  public let name: String
  /// What the device signs in with; drawn by the server at enrolment and never shown again.
  let secret: String
}

/// Why the SDK refuses what it is asked to do.
public enum DeviceError: Error, Sendable, Hashable {
  /// The file is not enrolled, or was wiped after the device's revocation.
  case notEnrolled
  /// The file is enrolled already; a second enrolment would part it from its journal.
  case alreadyEnrolled
  /// The file holds edits of another technician.
  case otherTechnician
  /// The mission is not on this device, or no longer.
  case missionNotHere(String)
  /// No such row within the mission.
  case notFound(String)
  /// The mission order was not started.
  case orderNotStarted
  case orderAlreadyStarted
  /// The diagnostic is not in the organization's catalogue.
  case unknownDiagnostic(String)
  /// The mission has this diagnostic already.
  case diagnosticPresent(String)
  /// An image that is neither PNG nor JPEG, or weighs more than 200 KiB.
  case unusableSignature
  /// Neither JPEG, PNG nor PDF.
  case unusableFile
  /// Larger than 50 MiB.
  case fileTooLarge(Int)
  /// The server does not have the bytes yet, and neither has this device.
  case fileNotHere
  /// A gesture of more rows than one group may have.
  case gestureTooLarge(Int)
}
