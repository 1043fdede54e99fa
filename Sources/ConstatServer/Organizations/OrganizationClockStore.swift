import ConstatCore
import Foundation
import Postgres

/// How an organization's days run: its zone, and the local time at which the morning ends (AMB-26).
struct OrganizationClock {
  let zone: Zone
  let halfDaySplit: ClockTime

  /// The civil day there.
  func today(_ clock: WallClock) -> Day { zone.day(of: clock.now()) }
}

/// The reading of an organization's clock, as a statement that others send along with theirs.
struct OrganizationClockStore {
  static func query(_ organization: UUID) -> SQL {
    "SELECT o.time_zone, o.half_day_split FROM organization o WHERE o.organization_id = \(organization)"
  }

  static func clock(_ result: QueryResult) throws -> OrganizationClock {
    guard let row = result.first else { throw Problem.notFound }
    return OrganizationClock(
      zone: (try? Zone(row.get("time_zone"))) ?? .paris,
      halfDaySplit: ClockTime(try row.get("half_day_split", as: String.self)) ?? HalfDaySlot.defaultSplit)
  }
}
