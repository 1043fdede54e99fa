import ConstatCore
import Crypto
import Foundation
import Postgres

/// All SQL on sign-in before a tenant is known: counters of failures, and which accounts an address may mean.
struct SignInStore {
  /// Something that failures are counted of; hashed, so that no address is kept.
  struct Subject: Sendable {
    let delay: SignInDelay
    let key: String

    init(_ delay: SignInDelay, _ parts: String...) {
      self.delay = delay
      let hash = SHA256.hash(data: Array(parts.joined(separator: "\u{1f}").utf8))
      key = delay.rawValue + ":" + BearerToken.base64url(Array(hash.prefix(16)))
    }
  }

  struct Candidate: RowDecodable, Sendable {
    let organization: UUID
    let account: UUID
    let passwordHash: String
    /// The account has signed in from this network of late.
    let familiar: Bool

    init(row: Row) throws {
      organization = try row.get("organization_id")
      account = try row.get("account_id")
      passwordHash = try row.get("password_hash")
      familiar = try row.get("familiar")
    }
  }

  /// Before a tenant: the organization of zeros, which owns the counters and nothing else.
  static let nowhere = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

  let transaction: Transaction

  func candidates(_ email: String, _ organization: String?, network: String) async throws -> [Candidate] {
    try await transaction.all(
      Candidate.self,
      """
      SELECT organization_id, account_id, password_hash, familiar
      FROM system.sign_in_candidates(\(email), \(organization), \(network))
      """)
  }

  /// Seconds until the next attempt of all these subjects is heard; otherwise counts this attempt as a
  /// failure, which a success takes back. Counted beforehand, so that many attempts at once do not slip
  /// through together.
  func attempt(_ subjects: [Subject]) async throws -> Int64 {
    let keys = subjects.map(\.key).sorted()
    let rows = try await transaction.query(
      """
      SELECT subject, failures, ceil(extract(epoch FROM now() - last_at))::bigint AS age
      FROM system.sign_in_failure WHERE organization_id = \(Self.nowhere) AND subject = ANY (\(keys)::text[])
      ORDER BY subject FOR UPDATE
      """)
    var wait: Int64 = 0
    for row in rows {
      let age: Int64 = try row.get("age")
      guard age < SignInDelay.memorySeconds else { continue }
      let key: String = try row.get("subject")
      let delay = subjects.first { $0.key == key }?.delay.seconds(afterFailures: try row.get("failures")) ?? 0
      wait = max(wait, delay - age)
    }
    guard wait <= 0 else { return wait }
    _ = try await transaction.pipeline([
      """
      DELETE FROM system.sign_in_failure WHERE organization_id = \(Self.nowhere) AND subject IN (
        SELECT subject FROM system.sign_in_failure WHERE organization_id = \(Self.nowhere)
          AND last_at < now() - make_interval(secs => \(SignInDelay.memorySeconds)::integer)
        ORDER BY last_at LIMIT 20 FOR UPDATE SKIP LOCKED)
      """,
      """
      INSERT INTO system.sign_in_failure AS f (organization_id, subject, failures, last_at)
      SELECT \(Self.nowhere), key, 1, now() FROM unnest(\(keys)::text[]) AS key ORDER BY key
      ON CONFLICT (organization_id, subject) DO UPDATE SET last_at = now(),
        failures = CASE WHEN f.last_at < now() - make_interval(secs => \(SignInDelay.memorySeconds)::integer) THEN 1
          ELSE f.failures + 1 END
      """,
    ])
    return 0
  }

  /// A success: the address starts anew; the network only takes its own attempt back.
  func succeed(_ subjects: [Subject]) async throws {
    let address = subjects.filter { $0.delay != .network }.map(\.key)
    let network = subjects.filter { $0.delay == .network }.map(\.key)
    _ = try await transaction.pipeline([
      """
      DELETE FROM system.sign_in_failure
      WHERE organization_id = \(Self.nowhere) AND subject = ANY (\(address)::text[])
      """,
      takeBack(network),
    ])
  }

  /// The attempt was not heard after all.
  func forget(_ subjects: [Subject]) async throws {
    _ = try await transaction.query(takeBack(subjects.map(\.key)))
  }

  /// Failures that slow nobody down any more. They belong to no organization, so every organization's job may do it.
  static let prune: [SQL] = [
    PrincipalStore.enter(nowhere, actor: "job:\(PruneSessionsJob.kind)", channel: "job"),
    """
    DELETE FROM system.sign_in_failure WHERE (organization_id, subject) IN (
      SELECT f.organization_id, f.subject FROM system.sign_in_failure f WHERE f.organization_id = \(nowhere)
        AND f.last_at < now() - make_interval(secs => \(SignInDelay.memorySeconds)::integer)
      ORDER BY f.subject FOR UPDATE SKIP LOCKED)
    """,
  ]

  private func takeBack(_ keys: [String]) -> SQL {
    """
    UPDATE system.sign_in_failure SET failures = greatest(0, failures - 1)
    WHERE organization_id = \(Self.nowhere) AND subject = ANY (\(keys)::text[])
    """
  }

  /// What sign-in and `/v1/me` tell of the account and its organization, as JSON texts.
  static func identity(_ organization: UUID, _ account: UUID) -> SQL {
    """
    SELECT json_build_object('id', a.id, 'kind', a.kind, 'email', a.email, 'first_name', a.first_name,
        'last_name', a.last_name, 'profiles', a.profiles, 'contact_id', a.contact_id)::text AS account,
      json_build_object('id', o.id, 'slug', o.slug, 'name', o.name, 'time_zone', o.time_zone)::text AS organization
    FROM user_account a JOIN organization o ON o.organization_id = a.organization_id
    WHERE a.organization_id = \(organization) AND a.id = \(account)
    """
  }
}
