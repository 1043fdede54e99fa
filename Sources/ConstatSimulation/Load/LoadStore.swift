import ConstatServer
import Foundation
import Postgres

/// Devices for a load trial, with two missions each, made in one go.
struct LoadStore {
  struct Device: Sendable {
    let id: String
    let token: String
    let dossier: String
  }

  let founded: OrganizationStore

  func make(_ count: Int) async throws -> [Device] {
    let clock = WallClock.system
    func ids(_ count: Int) -> [UUID] { (0..<count).map { _ in clock.newID() } }
    let organization = founded.organization
    let (people, devices, contacts, sessions) = (ids(count), ids(count), ids(count), ids(count))
    let (dossiers, appointments) = (ids(2 * count), ids(2 * count))
    let tokens = (0..<count).map { _ in
      BearerToken(.access, organization: organization, secret: clock.random(32))
    }
    let hashes = tokens.map(\.hash)
    let refresh = (0..<count).map { _ in clock.random(32) }
    try await founded.run { transaction in
      _ = try await transaction.pipeline([
        """
        INSERT INTO user_account (organization_id, id, kind, email, last_name, profiles)
        SELECT \(organization), t.id, 'staff', 'load-' || t.n || '@simulation.test', 'Load ' || t.n, '{technician}'
        FROM unnest(\(people)) WITH ORDINALITY AS t (id, n)
        """,
        """
        INSERT INTO device (organization_id, id, technician_id, name, secret_hash)
        SELECT \(organization), t.id, t.person, 'Load', sha256(t.id::text::bytea)
        FROM unnest(\(devices), \(people)) AS t (id, person)
        """,
        """
        INSERT INTO system.device_journal (organization_id, device_id)
        SELECT \(organization), id FROM unnest(\(devices)) AS id
        """,
        """
        INSERT INTO system.session (organization_id, id, account_id, device_id, access_hash, access_expires_at,
          refresh_hash, expires_at)
        SELECT \(organization), t.id, t.person, t.device, t.access, now() + interval '1 day', t.refresh,
          now() + interval '1 day'
        FROM unnest(\(sessions), \(people), \(devices), \(hashes), \(refresh)) AS t (id, person, device, access, refresh)
        """,
        """
        INSERT INTO contact (organization_id, id, last_name) SELECT \(organization), t.id, 'Owner ' || t.n
        FROM unnest(\(contacts)) WITH ORDINALITY AS t (id, n)
        """,
        """
        INSERT INTO dossier (organization_id, id, number, nature, status, street, city, owner_id, payer_id, created_by)
        SELECT \(organization), t.id, t.n, 'sale_rental_management', 'scheduled', '1 rue Neuve', 'Bayonne', t.owner,
          t.owner, 'sql:simulation'
        FROM unnest(\(dossiers), \(contacts + contacts)) WITH ORDINALITY AS t (id, owner, n)
        """,
        """
        INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone)
        SELECT \(organization), t.id, t.dossier, t.person, '2027-01-04T08:00Z'::timestamptz + t.n * interval '1 day',
          '2027-01-04T09:00Z'::timestamptz + t.n * interval '1 day', 'Europe/Paris'
        FROM unnest(\(appointments), \(dossiers), \(people + people)) WITH ORDINALITY AS t (id, dossier, person, n)
        """,
      ])
    }
    return (0..<count).map { number in
      Device(id: devices[number].wire, token: tokens[number].text, dossier: dossiers[number].wire)
    }
  }
}
