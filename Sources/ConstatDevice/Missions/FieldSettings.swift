public import ConstatCore

/// What the company lets its technicians do and see: its own switches, which come with the missions.
public struct FieldSettings: Sendable, Hashable {
  /// Nil before the first sync.
  public let companyName: String?
  /// Whether step 10 offers a card through the online provider (ORG-17, MIS-18).
  public let acceptsOnlineCard: Bool
  /// What the server keeps from this device (ORG-18): such a value is missing here though the office may have it.
  public let withheld: Set<Organization.Information>

  /// What step 10 offers.
  public var offeredMeans: [PaymentMeans] { PaymentMeans.offeredOnSite(onlineCard: acceptsOnlineCard) }

  init(_ row: [String: JSONValue]) {
    companyName = row["name"]?.string
    acceptsOnlineCard = row["online_card_payments"]?.bool ?? false
    withheld = Set(
      (row["withheld_information"]?.array ?? []).compactMap(\.string).compactMap(
        Organization.Information.init(rawValue:)))
  }
}
