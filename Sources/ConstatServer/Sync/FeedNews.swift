import ConstatSync
import Foundation
import Synchronization

/// What this process last heard of organizations: how far each has come, and what it withholds. It spares a round trip
/// to devices that are behind, and decides nothing: what it does not know, or heard too long ago, is asked for.
final class FeedNews: Sendable {
  struct News: Sendable {
    let version: Int64
    let withheld: WithheldInformation
  }

  /// Other processes take an organization further without this one hearing of it.
  private static let lifetime: Duration = .seconds(60)

  private let heard = Mutex<[UUID: (news: News, at: ContinuousClock.Instant)]>([:])

  func last(of organization: UUID) -> News? {
    heard.withLock { $0[organization] }.flatMap { $0.at.duration(to: .now) < Self.lifetime ? $0.news : nil }
  }

  /// Of an organization whose credential was accepted.
  func heard(_ news: News, of organization: UUID) { heard.withLock { $0[organization] = (news, .now) } }

  /// That it has come further.
  func heard(_ version: Int64, of organization: UUID) {
    heard.withLock { heard in
      guard let known = heard[organization], known.news.version < version else { return }
      heard[organization] = (News(version: version, withheld: known.news.withheld), .now)
    }
  }
}
