/// The ten steps of the mission order, in order (MIS-08..17).
public enum MissionStep: Int, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// The property's address.
  case address = 1
  /// Floor, door, keys, escort.
  case complement
  case owner
  case payer
  case outbuildings
  case diagnostics
  case price
  /// Is the payer there?
  case payerPresence
  /// Does he pay now?
  case onSitePayment
  case payment

  public static func < (left: MissionStep, right: MissionStep) -> Bool {
    left.rawValue < right.rawValue
  }
}
