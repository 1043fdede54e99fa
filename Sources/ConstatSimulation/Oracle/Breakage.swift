/// Ways to break what the oracle looks at, each of which it must find: an oracle that cannot fail proves nothing.
public enum Breakage: String, Sendable, CaseIterable {
  /// A row of one device's file is not what the server told it.
  case deviceRow = "device-row"
  /// A row of the server's changes without anybody being told.
  case serverRow = "server-row"
  /// A value that a technician typed, and that was live, is gone.
  case lostValue = "lost-value"
  /// One that the server had forgotten when it was restored, and was told again by the device.
  case lostResending = "lost-resending"
  /// One that the office typed, and that no restore took.
  case lostOfficeValue = "lost-office-value"
  /// One that a revoked device sent with its last push, before it was wiped.
  case lostRescue = "lost-rescue"
  /// The answer to a mutation is gone: it would be carried out again.
  case lostResult = "lost-result"
  /// One creation made two rows.
  case doubleCreation = "double-creation"
  /// The bytes of a photo are gone from the storage.
  case lostPhoto = "lost-photo"
  /// The bytes of a photo lie in the storage twice.
  case doublePhoto = "double-photo"
  /// Money taken on site is recorded twice.
  case doublePayment = "double-payment"
  /// An entry of the books has lost a cent.
  case crookedEntry = "crooked-entry"
  /// Money may have been recorded by the office and by a device, and nobody was asked.
  case silentDouble = "silent-double"
  /// A signature is gone.
  case lostSignature = "lost-signature"
  /// What the office proposed to change of a signed order was written at once.
  case overwrittenOrder = "overwritten-order"
  /// What the office proposed to change of a signed order is gone.
  case lostProposal = "lost-proposal"

  /// A device shows what the company keeps from it.
  case shownSecret = "shown-secret"
  /// A device has overwritten what it was not shown, and nobody was told.
  case blindOverwrite = "blind-overwrite"
  /// Money taken through the online provider is refused, because it is not offered any more.
  case refusedCard = "refused-card"
  /// Money taken through the online provider is in the books as come by another way.
  case otherMeans = "other-means"

  /// What the oracle is to say of it: one of these.
  var signs: [String] {
    switch self {
    case .deviceRow, .serverRow: ["is stale"]
    case .lostValue, .lostResending, .lostOfficeValue, .lostRescue:
      ["vanished from", "parked and is nowhere"]
    case .lostResult: ["stored answers"]
    case .doubleCreation: ["was created 2 times"]
    case .lostPhoto: ["are not on the server"]
    case .doublePhoto: ["are stored 2 times"]
    case .doublePayment: ["was recorded 2 times"]
    case .crookedEntry: ["does not balance"]
    case .silentDouble: ["nobody was asked"]
    case .lostSignature: ["vanished from signer_name"]
    case .lostProposal: ["of the office"]
    case .overwrittenOrder: ["over what both parties have signed"]
    case .shownSecret: ["which is withheld"]
    case .blindOverwrite: ["was overwritten blindly"]
    case .refusedCard: ["a lawful edit was rejected"]
    case .otherMeans: ["was recorded as card"]
    }
  }
}
