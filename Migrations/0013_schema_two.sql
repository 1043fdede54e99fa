-- The wire's second schema: in which capacity a signature was given, what the office proposes to change of a signed
-- order, and what devices of a schema still to come write.

ALTER TABLE signature ADD COLUMN signer_capacity text NOT NULL DEFAULT 'unspecified'
  CHECK (signer_capacity IN ('technician', 'owner', 'occupant', 'buyer', 'agency', 'notary', 'managing_agent',
    'representative', 'other', 'unspecified'));

CREATE OR REPLACE VIEW system.sync_signature WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.mission_order_id, t.signer, t.signer_name, t.signer_capacity,
      system.wire_instant(t.signed_at) AS signed_at, encode(t.image_sha256, 'hex') AS image_sha256
    ) f) AS fields
  FROM public.signature t;

-- Values of fields that the server does not know, by name, as devices of a newer schema wrote them. A migration that
-- makes them columns moves them.
ALTER TABLE system.sync_entity ADD COLUMN extra jsonb;

-- Keeps such values of one row, with their history and their versions. The row's own changes, if any, come first.
CREATE FUNCTION system.keep_extra(relation text, row_id uuid, dossier uuid, given jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  org uuid := system.organization_id();
  tx uuid := system.transaction_id();
  ordinal integer := current_setting('app.ordinal')::integer;
  before jsonb;
  changes jsonb;
BEGIN
  SELECT e.extra INTO before FROM system.sync_entity e
  WHERE e.organization_id = org AND e.type = relation AND e.id = row_id FOR UPDATE;
  SELECT jsonb_object_agg(f.key, jsonb_build_array(before -> f.key, f.value)) INTO changes
  FROM jsonb_each(given) f WHERE before -> f.key IS DISTINCT FROM f.value;
  IF changes IS NULL THEN RETURN; END IF;
  INSERT INTO system.sync_entity AS e (organization_id, type, id, dossier_id, version, born, extra)
  VALUES (org, relation, row_id, dossier, 0, 0, given)
  ON CONFLICT (organization_id, type, id) DO UPDATE SET extra = coalesce(e.extra, '{}') || given;
  INSERT INTO system.history (organization_id, transaction_id, ordinal, at, actor, channel, table_name, row_id,
    dossier_id, operation, changes)
  VALUES (org, tx, ordinal + 1, clock_timestamp(), current_setting('app.actor'), current_setting('app.channel'),
    relation, row_id, dossier, 'update', changes);
  PERFORM set_config('app.ordinal', (ordinal + 1)::text, true);
END $$;
REVOKE ALL ON FUNCTION system.keep_extra FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.keep_extra TO constat_app;

ALTER TABLE parked_edit DROP CONSTRAINT parked_edit_reason_check;
ALTER TABLE parked_edit ADD CONSTRAINT parked_edit_reason_check
  CHECK (reason IN ('reassigned', 'closed', 'device_revoked', 'not_found', 'newer_schema'));

-- What the office would change of a fact that both parties have signed. The values never change: another value is
-- another proposal.
CREATE TABLE field_proposal (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  entity_type text NOT NULL CHECK (entity_type IN ('dossier', 'outbuilding', 'dossier_diagnostic')),
  entity_id uuid NOT NULL,
  field text NOT NULL,
  signed_value jsonb NOT NULL, proposed_value jsonb NOT NULL,
  proposed_by text NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'refused', 'withdrawn')),
  decided_by text, decided_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier
);
CREATE INDEX field_proposal_dossier ON field_proposal (organization_id, dossier_id);
CREATE INDEX field_proposal_state ON field_proposal (organization_id, state, created_at, id);
CREATE UNIQUE INDEX field_proposal_open_key ON field_proposal (organization_id, entity_type, entity_id, field)
  WHERE state = 'open';
CALL system.govern('field_proposal');

CREATE VIEW system.sync_field_proposal WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.entity_type, t.entity_id, t.field, t.signed_value, t.proposed_value, t.proposed_by, t.state,
      t.decided_by, system.wire_instant(t.decided_at) AS decided_at
    ) f) AS fields
  FROM public.field_proposal t;
GRANT SELECT ON system.sync_field_proposal TO constat_app;

-- Of the given column values, those that a row does not hold, with what it holds.
CREATE FUNCTION system.differing_columns(relation text, row_id uuid, column_values jsonb)
RETURNS TABLE (field text, held jsonb, given jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
  before jsonb;
  after jsonb;
BEGIN
  EXECUTE format('SELECT to_jsonb(t), to_jsonb(jsonb_populate_record(t, $1)) FROM public.%I t'
    ' WHERE organization_id = system.organization_id() AND id = $2', relation) INTO before, after USING column_values, row_id;
  RETURN QUERY SELECT k, before -> k, after -> k FROM jsonb_object_keys(column_values) AS k
    WHERE before -> k IS DISTINCT FROM after -> k;
END $$;
