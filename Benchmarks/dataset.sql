-- A company's life at scale, loaded by sets: psql -v organizations=20 -v dossiers=5000 -f dataset.sql
--
-- Per organization: 50 technicians with one device each, the first 5 with 40 missions, the others with 4; every
-- mission has what a technician's device holds (13 rows of its own, and those that missions share). The triggers are
-- off, so this file also writes what they would: versions, seals, feed, memberships. History stays empty.
\set ON_ERROR_STOP on
\set technicians 50
\set busy_technicians 5
\set missions_of_busy 40
\set missions_of_others 4
SET session_replication_role = replica;
SET client_min_messages = warning;
SET synchronous_commit = off;
SET max_parallel_workers_per_gather = 0;

-- Ids like UUIDv7: in the order of n, so that rows lie in their indexes as the real ones do.
CREATE FUNCTION pg_temp.id(kind int, organization int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex(26100000000 + n), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
    || lpad(to_hex(organization), 3, '0') || right(md5(kind || ':' || organization || ':' || n), 12))::uuid $$;

-- The constants of the tables below.
CREATE TEMP TABLE org AS
SELECT o AS number, pg_temp.id(1, o, o) AS id FROM generate_series(1, :organizations) AS o;
CREATE TEMP TABLE mission AS
SELECT org.number AS org, org.id AS organization_id, t AS technician, n,
  pg_temp.id(20, org.number, n) AS dossier_id, pg_temp.id(3, org.number, t) AS technician_id, 10 + n AS version
FROM org, generate_series(1, :technicians) AS t, LATERAL (
  SELECT CASE WHEN t <= :busy_technicians THEN (t - 1) * :missions_of_busy + k
    ELSE :busy_technicians * :missions_of_busy + (t - :busy_technicians - 1) * :missions_of_others + k END AS n
  FROM generate_series(1, CASE WHEN t <= :busy_technicians THEN :missions_of_busy ELSE :missions_of_others END) AS k
) AS numbered;

INSERT INTO organization (organization_id, slug, name)
SELECT id, 'cabinet-' || number, 'Cabinet ' || number FROM org;

INSERT INTO user_account (organization_id, id, kind, email, first_name, last_name, profiles)
SELECT id, pg_temp.id(2, number, n), 'staff', 'bureau' || n || '@cabinet-' || number || '.example', 'Claire', 'Bureau ' || n,
  '{office}'
FROM org, generate_series(1, 5) AS n;
INSERT INTO user_account (organization_id, id, kind, email, first_name, last_name, profiles)
SELECT id, pg_temp.id(3, number, n), 'staff', 'terrain' || n || '@cabinet-' || number || '.example', 'Marc', 'Terrain ' || n,
  '{technician}'
FROM org, generate_series(1, :technicians) AS n;
INSERT INTO device (organization_id, id, technician_id, name, platform, secret_hash)
SELECT id, pg_temp.id(4, number, n), pg_temp.id(3, number, n), 'Téléphone ' || n, 'other', sha256(n::text::bytea)
FROM org, generate_series(1, :technicians) AS n;

INSERT INTO contact (organization_id, id, kind, last_name, first_name, street, postcode, city, country, email, phone,
  mobile, company_name, created_at)
SELECT id, pg_temp.id(10, number, n), CASE WHEN n % 20 = 0 THEN 'agency' ELSE 'individual' END, 'Etcheverry ' || n,
  'Maite', n || ' rue de la République', '64100', 'Bayonne', 'FR', 'contact' || n || '@exemple.example',
  '+33559' || lpad(n::text, 6, '0'), '+33659' || lpad(n::text, 6, '0'),
  CASE WHEN n % 20 = 0 THEN 'Agence ' || n END, now() - (:dossiers - n) * interval '7 minutes'
FROM org, generate_series(1, :dossiers / 2) AS n;
INSERT INTO building (organization_id, id, name, street, postcode, city, country, built_year, co_ownership)
SELECT id, pg_temp.id(11, number, n), 'Résidence ' || n, n || ' avenue du Port', '64200', 'Biarritz', 'FR',
  1900 + n % 120, n % 2 = 0
FROM org, generate_series(1, :dossiers / 4) AS n;
INSERT INTO module (organization_id, id, building_id, label, property_type, lot_number, floor, floor_area_hundredths,
  room_count)
SELECT id, pg_temp.id(12, number, n), pg_temp.id(11, number, (n + 1) / 2), 'Lot ' || n, 'apartment', n::text,
  (n % 7)::text, 4000 + n % 9000, 1 + n % 6
FROM org, generate_series(1, :dossiers / 4 * 2) AS n;
INSERT INTO diagnostic_type (organization_id, id, code, label, position)
SELECT id, pg_temp.id(13, number, n), code, 'Diagnostic ' || code, n::int
FROM org, unnest('{dpe,lead,asbestos,gas,electricity,termites,carrez,natural_risks}'::text[]) WITH ORDINALITY AS d (code, n);

INSERT INTO dossier (organization_id, id, number, internal_reference, nature, creation_mode, status, contact_origin,
  urgent, building_id, module_id, requester_id, prescriber_id, owner_id, payer_id, transaction_type, property_type,
  floor_area_hundredths, room_count, built_year, heated, collective_heating, gas_installation_over_15_years,
  electrical_installation_over_15_years, co_ownership, street, postcode, city, insee_code, country, latitude, longitude,
  floor, door, lot_number, access_comment, price_mode, gross_incl_tax_cents, discount_kind, discount_rate,
  price_incl_tax_cents, vat_rate, estimated_minutes, notes, created_by, created_at)
SELECT id, pg_temp.id(20, number, n), n, 'REF-' || n, 'sale_rental_management', 'complete',
  CASE WHEN n <= :busy_technicians * :missions_of_busy + (:technicians - :busy_technicians) * :missions_of_others
    THEN 'scheduled' ELSE (ARRAY['to_quote', 'quoted', 'to_schedule', 'visited', 'finalised'])[1 + n % 5] END,
  'phone', n % 50 = 0, pg_temp.id(11, number, (n + 3) / 4), pg_temp.id(12, number, (n + 1) / 2),
  pg_temp.id(10, number, (n + 1) / 2), pg_temp.id(10, number, 20), pg_temp.id(10, number, (n + 1) / 2),
  pg_temp.id(10, number, 20), 'sale', 'apartment', 4000 + n % 9000, 1 + n % 6, 1900 + n % 120, true, false, n % 3 = 0,
  n % 3 = 1, true, n || ' rue des Basques', '64100', 'Bayonne', '64102', 'FR', 43.4929 + n / 1e6, -1.4748, (n % 7)::text,
  'Droite', n::text, 'Digicode ' || n || ', clés chez la gardienne', 'pack', 35000 + n % 20000, 'rate', 500,
  33250 + n % 20000, 2000, 90, 'Visite à confirmer la veille', 'user:' || pg_temp.id(2, number, 1),
  now() - (:dossiers - n) * interval '7 minutes'
FROM org, generate_series(1, :dossiers) AS n;

INSERT INTO dossier_contact (organization_id, id, dossier_id, contact_id, report_access, invoice_access)
SELECT organization_id, pg_temp.id(21, org, n * 2 + k), dossier_id,
  CASE k WHEN 0 THEN pg_temp.id(10, org, (n + 1) / 2) ELSE pg_temp.id(10, org, 20) END, true, k = 1
FROM mission, generate_series(0, 1) AS k
WHERE NOT (k = 1 AND (n + 1) / 2 = 20);
INSERT INTO appointment (organization_id, id, dossier_id, technician_id, starts_at, ends_at, time_zone, comment)
SELECT organization_id, pg_temp.id(22, org, n), dossier_id, technician_id, now() + n * interval '1 hour',
  now() + n * interval '1 hour' + interval '90 minutes', 'Europe/Paris', 'Sonner deux fois'
FROM mission;
INSERT INTO outbuilding (organization_id, id, dossier_id, kind, lot_number, comment)
SELECT organization_id, pg_temp.id(23, org, n * 4 + k), dossier_id, (ARRAY['cellar', 'parking', 'garage', 'attic'])[k + 1],
  k::text, 'Annexe ' || k
FROM mission, generate_series(0, 3) AS k;
INSERT INTO dossier_diagnostic (organization_id, id, dossier_id, diagnostic_code, pre_conclusion)
SELECT organization_id, pg_temp.id(24, org, n * 4 + k), dossier_id, (ARRAY['dpe', 'lead', 'gas', 'carrez'])[k + 1],
  'En attente ' || k
FROM mission, generate_series(0, 3) AS k;
INSERT INTO mission_order (organization_id, id, dossier_id, technician_id, started_at, confirmed_step, field_note)
SELECT organization_id, dossier_id, dossier_id, technician_id, now(), 1, 'Sur place'
FROM mission;

SELECT system.refresh_dossier_summaries(d.organization_id, array_agg(d.id))
FROM dossier d GROUP BY d.organization_id \g /dev/null
UPDATE system.dossier_summary s SET dossier_text =
  system.dossier_text(d.number, d.internal_reference, d.street, d.postcode, d.city, d.notes)
FROM dossier d WHERE d.organization_id = s.organization_id AND d.id = s.dossier_id;

-- What the triggers would have written: a dossier's rows were made by one transaction each, the rest by earlier ones.
INSERT INTO system.tenant_sync (organization_id, version) SELECT id, 10 + :dossiers FROM org;
INSERT INTO system.seal (organization_id, version, transaction_id, actor, channel, at)
SELECT id, v, pg_temp.id(30, number, v), 'user:' || pg_temp.id(2, number, 1), 'api', now()
FROM org, generate_series(1, 10 + :dossiers) AS v;
INSERT INTO system.sync_entity (organization_id, type, id, dossier_id, version, born)
SELECT organization_id, 'organization', id, NULL::uuid, 1, 1 FROM organization
UNION ALL SELECT organization_id, 'user_account', id, NULL, 2, 2 FROM user_account
UNION ALL SELECT organization_id, 'device', id, NULL, 3, 3 FROM device
UNION ALL SELECT organization_id, 'contact', id, NULL, 4, 4 FROM contact
UNION ALL SELECT organization_id, 'building', id, NULL, 5, 5 FROM building
UNION ALL SELECT organization_id, 'module', id, NULL, 6, 6 FROM module
UNION ALL SELECT organization_id, 'diagnostic_type', id, NULL, 7, 7 FROM diagnostic_type;
INSERT INTO system.sync_entity (organization_id, type, id, dossier_id, version, born)
SELECT d.organization_id, 'dossier', d.id, d.id, 10 + d.number, 10 + d.number FROM dossier d;
INSERT INTO system.sync_entity (organization_id, type, id, dossier_id, version, born)
SELECT m.organization_id, r.type, r.id, m.dossier_id, m.version, m.version
FROM mission m JOIN (
  SELECT organization_id, dossier_id, id, 'dossier_contact' AS type FROM dossier_contact
  UNION ALL SELECT organization_id, dossier_id, id, 'appointment' FROM appointment
  UNION ALL SELECT organization_id, dossier_id, id, 'outbuilding' FROM outbuilding
  UNION ALL SELECT organization_id, dossier_id, id, 'dossier_diagnostic' FROM dossier_diagnostic
  UNION ALL SELECT organization_id, dossier_id, id, 'mission_order' FROM mission_order
) r USING (organization_id, dossier_id);
INSERT INTO system.sync_membership (organization_id, technician_id, dossier_id, state, version)
SELECT organization_id, technician_id, dossier_id, 'in', version FROM mission;

-- Credentials: what sign-in and enrolment would have handed out. The tokens stay in a table of this file's own.
CREATE SCHEMA benchmark;
CREATE TABLE benchmark.credential AS
SELECT a.organization_id, a.id AS account_id, d.id AS device_id,
  row_number() OVER (PARTITION BY d.id IS NULL ORDER BY right(a.id::text, 12)) AS rank,
  'cst_at_' || translate(encode(uuid_send(a.organization_id) || sha256(coalesce(d.id, a.id)::text::bytea), 'base64'),
    '+/', '-_') AS token
FROM user_account a LEFT JOIN device d ON d.organization_id = a.organization_id AND d.technician_id = a.id;
INSERT INTO system.session (organization_id, id, account_id, device_id, access_hash, access_expires_at, refresh_hash, expires_at)
SELECT organization_id, gen_random_uuid(), account_id, device_id, sha256(token::bytea), now() + interval '1 year',
  sha256(('refresh' || token)::bytea), now() + interval '1 year'
FROM benchmark.credential;
-- The journals of different devices are far apart, so that an answer's sequence tells whose it is.
INSERT INTO system.device_journal (organization_id, device_id, last_sequence, unsent_count, last_seen_at)
SELECT organization_id, device_id, rank * 1000000000, 0, now() FROM benchmark.credential WHERE device_id IS NOT NULL;

RESET session_replication_role;
VACUUM ANALYZE;
CHECKPOINT;
