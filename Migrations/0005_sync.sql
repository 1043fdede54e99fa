-- What offline devices need beyond the versions: stored results, conflicts, parked edits.

-- The device's journal as the server has settled it: dense sequence, result kept for replays.
CREATE TABLE system.device_journal (
  organization_id uuid NOT NULL,
  device_id uuid NOT NULL,
  last_sequence bigint NOT NULL DEFAULT 0,
  unsent_count integer,
  oldest_unsent_at timestamptz,
  last_seen_at timestamptz,
  PRIMARY KEY (organization_id, device_id)
) WITH (fillfactor = 50);
CALL system.isolate('system.device_journal');
GRANT SELECT, INSERT, UPDATE ON system.device_journal TO constat_app;

CREATE TABLE system.device_result (
  organization_id uuid NOT NULL,
  device_id uuid NOT NULL,
  sequence bigint NOT NULL,
  payload_hash bytea NOT NULL,
  mutation jsonb NOT NULL,
  result jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, device_id, sequence)
);
CALL system.isolate('system.device_result');
GRANT SELECT, INSERT ON system.device_result TO constat_app;

-- Two people wrote the same field without having seen each other's value: both values kept until someone decides.
-- base, mine (the device's) and theirs are {"value": …, "v": …, …}.
CREATE TABLE sync_conflict (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid,
  entity_type text NOT NULL,
  entity_id uuid NOT NULL,
  field text NOT NULL,
  policy text NOT NULL,
  base jsonb NOT NULL, mine jsonb NOT NULL, theirs jsonb NOT NULL,
  chosen text NOT NULL CHECK (chosen IN ('mine', 'theirs', 'both')),
  device_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  resolution jsonb, resolved_by text, resolved_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, device_id) REFERENCES device
);
CREATE INDEX sync_conflict_open ON sync_conflict (organization_id, state, created_at, id);
CREATE UNIQUE INDEX sync_conflict_field_key ON sync_conflict (organization_id, entity_type, entity_id, field, device_id)
  WHERE state = 'open';
CALL system.govern('sync_conflict');

-- An edit that came too late (mission reassigned, device revoked): kept whole, one call from being applied.
CREATE TABLE parked_edit (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid,
  device_id uuid NOT NULL,
  sequence bigint NOT NULL,
  reason text NOT NULL CHECK (reason IN ('reassigned', 'closed', 'device_revoked', 'not_found')),
  mutation jsonb NOT NULL,
  state text NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'applied', 'dismissed')),
  settled_by text, settled_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT parked_edit_key UNIQUE (organization_id, device_id, sequence),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, device_id) REFERENCES device
);
CREATE INDEX parked_edit_state ON parked_edit (organization_id, state, created_at, id);
CALL system.govern('parked_edit');
