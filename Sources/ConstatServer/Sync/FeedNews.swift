import ConstatSync
import Foundation
import Synchronization

/// What this process last heard of organizations: how far each has come, and what it withholds. It spares a round trip
/// to devices that are behind, and decides nothing: what it does not know, or no longer knows rightly, is asked for.
final class FeedNews: Sendable {
  struct News: Sendable {
    let version: Int64
    let withheld: WithheldInformation
  }

  private let heard = Mutex<[UUID: News]>([:])

  func last(of organization: UUID) -> News? { heard.withLock { $0[organization] } }

  /// Of an organization whose credential was accepted.
  func heard(_ news: News, of organization: UUID) { heard.withLock { $0[organization] = news } }

  /// That it has come further.
  func heard(_ version: Int64, of organization: UUID) {
    heard.withLock { heard in
      guard let known = heard[organization], known.version < version else { return }
      heard[organization] = News(version: version, withheld: known.withheld)
    }
  }
}
