/// A rule left out or turned round, to prove that the oracle would notice.
enum Mutant: String, CaseIterable, Sendable {
  /// The server settles a repeated mutation again.
  case noDeduplication
  /// A base of an older epoch counts in full, not up to the fork.
  case epochBase
  /// Edits of a mission that left are thrown away.
  case dropOutOfScope
  /// An edit of a deleted row is lost with it.
  case deleteWins
  /// The last writer wins, whatever it had seen.
  case lastWriterWins
  /// A leave is told only to whom the join was told.
  case guardedLeave
  /// A row joins the feed when it changes, not when its mission joins.
  case noMembershipFeed
  /// A server restored from a backup keeps its epoch.
  case sameEpoch
  /// A shared row has one place in the feed, after its latest link, not one for each.
  case latestLinkOnly
  /// A page ends with a version's first rows, and the next starts with the next version.
  case pageCutsVersion
  /// The device shows each page as it comes.
  case halfCheckpoint
  /// Later edits of a contested field displace the other side's value.
  case forgetEarlier
  /// The device does not send again what a restored server has forgotten.
  case noResend
  /// The device throws away its edits of a mission that leaves.
  case purgeOnLeave
  /// The device says that it knew what it knows when it sends.
  case rebasedEdits
  /// Shared rows stay on the device when their last mission leaves.
  case keepUnreachable
  /// The device adds the state of a new epoch to that of the old one.
  case ignoreReset
  /// The mutations of a group are decided one by one.
  case splitGroups
  /// What a device wrote last holds nothing that it had not seen, not even a row that it brought
  /// back.
  case trustOwnWrites
  /// The edits of a revoked device are applied like anybody's.
  case revokedApplies
  /// A revoked device empties itself before it has sent what it holds.
  case wipeUnsent
  /// Bytes that come after their row do not tell it.
  case lateBytesUnseen
  /// A row says that its bytes are there before they are.
  case storedUnseen
  /// The device sends no edit while a photo waits.
  case photosFirst
  /// Two notes: the device's only.
  case noteOverwrites
  /// A device's deletion takes edits with it that it had not seen.
  case blindDelete
}
