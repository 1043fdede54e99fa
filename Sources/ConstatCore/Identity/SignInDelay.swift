/// How long the next sign-in has to wait after failures. Guessing becomes slow, and nobody can lock another out: what
/// strangers do to an address does not count on networks that its owner signs in from (ASVS 6.1.1).
public enum SignInDelay: String, Sendable, Hashable, CaseIterable {
  /// One address from one network.
  case addressAndNetwork = "address_and_network"
  /// One address from anywhere.
  case address
  /// One network, whatever the address; an office shares one.
  case network

  /// Failures older than a day are forgotten.
  public static let memorySeconds: Int64 = 86_400

  /// Failures that cost nothing: people mistype.
  public var free: Int {
    switch self {
    case .addressAndNetwork: 5
    case .address: 20
    case .network: 50
    }
  }

  /// The longest wait, in seconds. Short where innocents may be behind the same subject.
  public var limit: Int64 {
    switch self {
    case .addressAndNetwork: 900
    case .address, .network: 60
    }
  }

  /// Seconds to wait after the last failure: none for the free ones, then 2, 4, 8, … up to the limit.
  public func seconds(afterFailures failures: Int) -> Int64 {
    let counted = failures - free
    guard counted > 0 else { return 0 }
    return counted >= 20 ? limit : min(limit, 1 << Int64(counted))
  }
}
