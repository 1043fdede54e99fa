-- The ground that every table stands on: two schemas, tenant isolation, field-level history and the
-- per-organization version, all kept by the database so that no route, job or hand-typed SQL can forget them.
--
-- public  nouns of the trade: each table is governed by system.govern(): isolated, historised, versioned.
-- system  bookkeeping about them: isolated, but without history of its own.

CREATE SCHEMA IF NOT EXISTS system;
GRANT USAGE ON SCHEMA system, public TO constat_app;
-- So that a server can tell whether the schema is the one it was built for.
GRANT SELECT ON system.schema_migration TO constat_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The organization of the running transaction. NULL outside one, so that a policy then matches nothing.
CREATE FUNCTION system.organization_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.organization_id', true), '')::uuid $$;

-- Accents and case folded, for search (DOS-22). Immutable, so that it can feed generated columns.
CREATE FUNCTION system.fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT lower(translate(replace(replace(replace(replace(value, 'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'),
  'ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸàáâãäåçèéêëìíîïñòóôõöùúûüýÿ',
  'AAAAAACEEEEIIIINOOOOOUUUUYYaaaaaaceeeeiiiinooooouuuuyy')) $$;

-- An organization's position in its own history: epoch changes when the server was restored from a backup, fork is
-- the version it was restored at, version grows by one with each sealed transaction.
CREATE TABLE system.tenant_sync (
  organization_id uuid PRIMARY KEY,
  epoch text NOT NULL DEFAULT 'e1',
  fork bigint,
  version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- One row per sealed transaction: who made this version, through which channel.
CREATE TABLE system.seal (
  organization_id uuid NOT NULL,
  version bigint NOT NULL,
  transaction_id uuid NOT NULL,
  actor text NOT NULL,
  channel text NOT NULL,
  device_id uuid,
  at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, version)
);
CREATE INDEX seal_transaction ON system.seal (organization_id, transaction_id);

-- Field-level modification history (HIS-01): append only. changes is {column: [before, after]}.
CREATE TABLE system.history (
  organization_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  ordinal integer NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  channel text NOT NULL,
  table_name text NOT NULL,
  row_id uuid NOT NULL,
  dossier_id uuid,
  operation text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
  changes jsonb NOT NULL,
  PRIMARY KEY (organization_id, transaction_id, ordinal)
);
CREATE INDEX history_row ON system.history (organization_id, row_id, at);
CREATE INDEX history_dossier ON system.history (organization_id, dossier_id, at) WHERE dossier_id IS NOT NULL;
CREATE INDEX history_at ON system.history (organization_id, at);

-- One current row per entity with the version that last touched it. field_versions holds the version of each field
-- changed since the row was born; a field not in it has the version born.
CREATE TABLE system.sync_entity (
  organization_id uuid NOT NULL,
  type text NOT NULL,
  id uuid NOT NULL,
  dossier_id uuid,
  version bigint NOT NULL,
  born bigint NOT NULL,
  field_versions jsonb NOT NULL DEFAULT '{}',
  deleted boolean NOT NULL DEFAULT false,
  PRIMARY KEY (organization_id, type, id)
) WITH (fillfactor = 70);
CREATE INDEX sync_entity_version ON system.sync_entity (organization_id, version);
CREATE INDEX sync_entity_dossier ON system.sync_entity (organization_id, dossier_id) WHERE dossier_id IS NOT NULL;

-- Which missions are on a technician's devices: one row per technician and dossier, in or out, since which version.
CREATE TABLE system.sync_membership (
  organization_id uuid NOT NULL,
  technician_id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('in', 'out')),
  reason text,
  version bigint NOT NULL,
  PRIMARY KEY (organization_id, technician_id, dossier_id)
) WITH (fillfactor = 70);
CREATE INDEX sync_membership_version ON system.sync_membership (organization_id, technician_id, version);

-- The transaction's identity for history: drawn once per transaction; refuses a write without actor and channel.
CREATE FUNCTION system.transaction_id() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE drawn text := current_setting('app.transaction_id', true);
BEGIN
  IF coalesce(current_setting('app.actor', true), '') = '' OR coalesce(current_setting('app.channel', true), '') = '' THEN
    RAISE EXCEPTION 'a write needs app.actor and app.channel' USING ERRCODE = 'CN001';
  END IF;
  IF drawn IS NULL OR drawn = '' THEN
    drawn := gen_random_uuid()::text;
    PERFORM set_config('app.transaction_id', drawn, true);
    PERFORM set_config('app.sealed', '', true);
    PERFORM set_config('app.ordinal', '0', true);
  END IF;
  RETURN drawn::uuid;
END $$;

-- Writes the history of one statement: {column: [before, after]} of what changed in each row. TG_ARGV[0]: columns whose
-- values stay out of it (secrets); of those it says only that they changed. The differences are computed in place and
-- fenced by OFFSET 0, since a function of SQL would be planned anew in every statement, and a flattened subquery would
-- make each row to JSON once per column.
CREATE FUNCTION system.write_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tx uuid := system.transaction_id();
  derived text[] := '{version,updated_at,search_text}';
  secrets text[] := TG_ARGV[0];
  first integer := current_setting('app.ordinal')::integer;
  written integer;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO system.history
    SELECT c.organization_id, tx, first + row_number() OVER (), clock_timestamp(), current_setting('app.actor'),
      current_setting('app.channel'), TG_TABLE_NAME, c.id,
      CASE WHEN TG_TABLE_NAME = 'dossier' THEN c.id ELSE (c.after ->> 'dossier_id')::uuid END, 'update', c.changes
    FROM (
      SELECT r.organization_id, r.id, r.after,
        (SELECT jsonb_object_agg(f.key, CASE WHEN f.key = ANY (secrets) THEN '["***", "***"]'::jsonb
            ELSE jsonb_build_array(r.before -> f.key, f.value) END)
         FROM jsonb_each(r.after) AS f
         WHERE r.before -> f.key IS DISTINCT FROM f.value AND f.key <> ALL (derived)) AS changes
      FROM (
        SELECT n.organization_id, n.id, to_jsonb(o) AS before, to_jsonb(n) AS after
        FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id OFFSET 0
      ) r OFFSET 0
    ) c WHERE c.changes IS NOT NULL;
  ELSIF TG_OP = 'INSERT' THEN
    INSERT INTO system.history
    SELECT r.organization_id, tx, first + row_number() OVER (), clock_timestamp(), current_setting('app.actor'),
      current_setting('app.channel'), TG_TABLE_NAME, r.id,
      CASE WHEN TG_TABLE_NAME = 'dossier' THEN r.id ELSE (r.after ->> 'dossier_id')::uuid END, 'insert',
      (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(NULL, f.value)), '{}')
       FROM jsonb_each(jsonb_strip_nulls(r.after - derived - secrets)) AS f)
    FROM (SELECT n.organization_id, n.id, to_jsonb(n) AS after FROM new_rows n OFFSET 0) r;
  ELSE
    INSERT INTO system.history
    SELECT r.organization_id, tx, first + row_number() OVER (), clock_timestamp(), current_setting('app.actor'),
      current_setting('app.channel'), TG_TABLE_NAME, r.id,
      CASE WHEN TG_TABLE_NAME = 'dossier' THEN r.id ELSE (r.before ->> 'dossier_id')::uuid END, 'delete',
      (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(f.value, NULL)), '{}')
       FROM jsonb_each(jsonb_strip_nulls(r.before - derived - secrets)) AS f)
    FROM (SELECT o.organization_id, o.id, to_jsonb(o) AS before FROM old_rows o OFFSET 0) r;
  END IF;
  GET DIAGNOSTICS written = ROW_COUNT;
  PERFORM set_config('app.ordinal', (first + written)::text, true);
  RETURN NULL;
END $$;

-- Brings the memberships of one dossier in line with its appointments and status, at version v.
CREATE FUNCTION system.refresh_membership(org uuid, dossier uuid, v bigint) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$ BEGIN RETURN; END $$;

-- Runs at COMMIT, after all else, once per history row; the first takes the organization's next version. Taking it
-- last keeps the version row's lock short and the order of versions the order of commits: a reader that has seen
-- version v has seen everything up to v.
CREATE FUNCTION system.seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sealed text := current_setting('app.sealed', true);
  v bigint;
BEGIN
  IF sealed <> '' AND split_part(sealed, ':', 1) = NEW.organization_id::text THEN
    v := split_part(sealed, ':', 2)::bigint;
  ELSE
    INSERT INTO system.tenant_sync AS t (organization_id, version) VALUES (NEW.organization_id, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = t.version + 1 RETURNING version INTO v;
    INSERT INTO system.seal (organization_id, version, transaction_id, actor, channel, device_id, at)
    VALUES (NEW.organization_id, v, NEW.transaction_id, NEW.actor, NEW.channel,
      nullif(current_setting('app.device_id', true), '')::uuid, clock_timestamp());
    PERFORM set_config('app.sealed', NEW.organization_id || ':' || v, true);
  END IF;
  INSERT INTO system.sync_entity AS e (organization_id, type, id, dossier_id, version, born, field_versions, deleted)
  VALUES (NEW.organization_id, NEW.table_name, NEW.row_id, NEW.dossier_id, v, v, '{}', NEW.operation = 'delete')
  ON CONFLICT (organization_id, type, id) DO UPDATE SET
    version = v, deleted = EXCLUDED.deleted, dossier_id = EXCLUDED.dossier_id,
    born = CASE WHEN NEW.operation = 'insert' THEN v ELSE e.born END,
    field_versions = CASE WHEN NEW.operation = 'update' THEN e.field_versions
        || (SELECT jsonb_object_agg(key, v) FROM jsonb_object_keys(NEW.changes) AS key)
      ELSE '{}' END;
  IF NEW.table_name = 'appointment'
    OR (NEW.table_name = 'dossier' AND NEW.changes ?| '{status,archived_at,trashed_at}') THEN
    PERFORM system.refresh_membership(NEW.organization_id, NEW.dossier_id, v);
    IF NEW.table_name = 'appointment' AND NEW.changes ? 'dossier_id' AND NEW.changes -> 'dossier_id' ->> 0 IS NOT NULL THEN
      PERFORM system.refresh_membership(NEW.organization_id, (NEW.changes -> 'dossier_id' ->> 0)::uuid, v);
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER seal AFTER INSERT ON system.history DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION system.seal();

-- Each real change gives the row its next version (the ETag) and keeps its identity.
CREATE FUNCTION system.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.organization_id <> OLD.organization_id OR NEW.id <> OLD.id THEN
    RAISE EXCEPTION 'organization_id and id never change' USING ERRCODE = 'CN002';
  END IF;
  IF NEW IS DISTINCT FROM OLD THEN
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION system.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'CN003';
END $$;

-- Isolation of one table by row-level security, forced; the owner passes through for its SECURITY DEFINER functions
-- only where open_to_owner says so.
CREATE PROCEDURE system.isolate(relation regclass, open_to_owner boolean DEFAULT false) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
  EXECUTE format('CREATE POLICY tenant ON %s USING (organization_id = system.organization_id())'
    ' WITH CHECK (organization_id = system.organization_id())', relation);
  IF open_to_owner THEN
    EXECUTE format('CREATE POLICY bookkeeping ON %s TO constat_owner USING (true) WITH CHECK (true)', relation);
  END IF;
END $$;

-- All that a noun's table needs: isolation, history, version, grants. Columns it must have: organization_id, id,
-- version, created_at, updated_at; its primary key is (organization_id, id).
CREATE PROCEDURE system.govern(relation regclass, hidden text[] DEFAULT '{}', verbs text DEFAULT 'SELECT, INSERT, UPDATE, DELETE')
LANGUAGE plpgsql AS $$
BEGIN
  CALL system.isolate(relation);
  EXECUTE format('CREATE TRIGGER a_touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION system.touch()', relation);
  EXECUTE format('CREATE TRIGGER history_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows'
    ' FOR EACH STATEMENT EXECUTE FUNCTION system.write_history(%L)', relation, hidden);
  EXECUTE format('CREATE TRIGGER history_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
    ' FOR EACH STATEMENT EXECUTE FUNCTION system.write_history(%L)', relation, hidden);
  EXECUTE format('CREATE TRIGGER history_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
    ' FOR EACH STATEMENT EXECUTE FUNCTION system.write_history(%L)', relation, hidden);
  EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
    ' EXECUTE FUNCTION system.refuse(''history would not see it'')', relation);
  EXECUTE format('GRANT %s ON %s TO constat_app', verbs, relation);
END $$;

-- Numbers that people see: one row per series, locked by the transaction that takes the next, so that a rollback
-- leaves no gap (CGI ann. II art. 242 nonies A). A PostgreSQL sequence would.
CREATE TABLE system.counter (
  organization_id uuid NOT NULL,
  series text NOT NULL,
  last bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (organization_id, series)
) WITH (fillfactor = 50);

-- Replays of a POST answer what the first call answered. The row commits with the effect.
CREATE TABLE system.idempotency_key (
  organization_id uuid NOT NULL,
  principal text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  status integer,
  headers jsonb,
  body bytea,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, principal, route, key)
);
CREATE INDEX idempotency_key_age ON system.idempotency_key (organization_id, created_at);

-- Effects to carry out after the commit that wanted them (mail, PDF, webhook), leased with SKIP LOCKED.
CREATE TABLE system.job (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  arguments jsonb NOT NULL,
  unique_key text,
  state text NOT NULL DEFAULT 'available' CHECK (state IN ('available', 'leased', 'done', 'dead')),
  attempt integer NOT NULL DEFAULT 0,
  run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_until timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX job_available ON system.job (run_at) WHERE state IN ('available', 'leased');
CREATE UNIQUE INDEX job_unique ON system.job (organization_id, kind, unique_key) WHERE state IN ('available', 'leased');

-- Bytes of documents and signatures, keyed by their SHA-256, immutable.
CREATE TABLE system.blob (
  organization_id uuid NOT NULL,
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  media_type text NOT NULL,
  bytes bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, sha256)
);
-- PDF and JPEG are compressed already.
ALTER TABLE system.blob ALTER COLUMN bytes SET STORAGE EXTERNAL;

CALL system.isolate('system.tenant_sync', true);
CALL system.isolate('system.seal', true);
CALL system.isolate('system.history', true);
CALL system.isolate('system.sync_entity', true);
CALL system.isolate('system.sync_membership', true);
CALL system.isolate('system.counter');
CALL system.isolate('system.idempotency_key');
CALL system.isolate('system.job', true);
CALL system.isolate('system.blob');
GRANT SELECT ON system.tenant_sync, system.seal, system.history, system.sync_entity, system.sync_membership TO constat_app;
GRANT SELECT, INSERT, UPDATE ON system.counter TO constat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON system.idempotency_key, system.job TO constat_app;
GRANT SELECT, INSERT ON system.blob TO constat_app;

-- Inserts one row from column values, leaving absent columns to their defaults. False: the id exists already.
CREATE FUNCTION system.insert_row(relation text, column_values jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  columns text := (SELECT string_agg(quote_ident(key), ', ') FROM jsonb_object_keys(column_values) AS key);
  inserted integer;
BEGIN
  EXECUTE format('INSERT INTO public.%I (%s) SELECT %s FROM jsonb_populate_record(NULL::public.%I, $1)'
    ' ON CONFLICT (organization_id, id) DO NOTHING', relation, columns, columns, relation) USING column_values;
  GET DIAGNOSTICS inserted = ROW_COUNT;
  RETURN inserted = 1;
END $$;

-- Sets the given columns of one row. expected_version NULL: whatever its version. Returns the row's version after the
-- write, or NULL when there is no such row or it has moved on.
CREATE FUNCTION system.update_row(relation text, row_id uuid, expected_version bigint, column_values jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  columns text := (SELECT string_agg(quote_ident(key), ', ') FROM jsonb_object_keys(column_values) AS key);
  now_at bigint;
BEGIN
  IF columns IS NULL THEN
    EXECUTE format('SELECT version FROM public.%I WHERE organization_id = system.organization_id() AND id = $1'
      ' AND ($2 IS NULL OR version = $2)', relation) INTO now_at USING row_id, expected_version;
  ELSE
    EXECUTE format('UPDATE public.%I t SET (%s) = (SELECT %s FROM jsonb_populate_record(t, $1))'
      ' WHERE organization_id = system.organization_id() AND id = $2 AND ($3 IS NULL OR version = $3) RETURNING version',
      relation, columns, columns) INTO now_at USING column_values, row_id, expected_version;
  END IF;
  RETURN now_at;
END $$;

-- Whether a row already holds the given column values: what makes a repeated create harmless.
CREATE FUNCTION system.row_matches(relation text, row_id uuid, column_values jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  matches boolean;
BEGIN
  EXECUTE format('SELECT to_jsonb(jsonb_populate_record(t, $1)) = to_jsonb(t) FROM public.%I t'
    ' WHERE organization_id = system.organization_id() AND id = $2', relation) INTO matches USING column_values, row_id;
  RETURN coalesce(matches, false);
END $$;

-- The next number of a series, its row locked until the transaction ends.
CREATE FUNCTION system.next_number(series_name text) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO system.counter AS c (organization_id, series, last) VALUES (system.organization_id(), series_name, 1)
  ON CONFLICT (organization_id, series) DO UPDATE SET last = c.last + 1 RETURNING last $$;

-- Hundredths of a percent as the wire has them: 2000 is "20", 550 is "5.5".
CREATE FUNCTION system.percent(hundredths bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT trim_scale(hundredths / 100.0)::text $$;

-- Ten-thousandths as a decimal string: 10000 is "1".
CREATE FUNCTION system.decimal(ten_thousandths bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT trim_scale(ten_thousandths / 10000.0)::text $$;

-- Deletes one row at the expected version (NULL: at any). False: no such row, or it has moved on.
CREATE FUNCTION system.delete_row(relation text, row_id uuid, expected_version bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  deleted integer;
BEGIN
  EXECUTE format('DELETE FROM public.%I WHERE organization_id = system.organization_id() AND id = $1'
    ' AND ($2 IS NULL OR version = $2)', relation) USING row_id, expected_version;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted = 1;
END $$;

CREATE FUNCTION system.row_version(relation text, row_id uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  version_now bigint;
BEGIN
  EXECUTE format('SELECT version FROM public.%I WHERE organization_id = system.organization_id() AND id = $1', relation)
    INTO version_now USING row_id;
  RETURN version_now;
END $$;
