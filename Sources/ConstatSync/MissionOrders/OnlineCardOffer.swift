/// Whether a technician may take a card through the online provider (ORG-17, MIS-18), and since when.
public struct OnlineCardOffer: Sendable, Hashable {
  public let isOffered: Bool
  /// The version at which that was decided.
  public let since: Int64

  public init(isOffered: Bool, since: Int64) {
    self.isOffered = isOffered
    self.since = since
  }

  /// Nobody ever opted for it.
  public static let never = OnlineCardOffer(isOffered: false, since: 0)
  /// For who applies by hand what a device could not.
  public static let always = OnlineCardOffer(isOffered: true, since: 0)

  /// Whether it was offered to who knew the history up to a version; nil where that cannot be told. Money that was
  /// taken under the switch as it then was is money taken.
  public func reached(_ known: Int64?) -> Bool {
    isOffered || known.map { since > $0 } ?? true
  }
}
