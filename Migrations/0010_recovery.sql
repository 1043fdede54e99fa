-- What a server and its devices need to find out that they have parted, and to come together again.

-- How often the device held something else than it should have, and when last: for the office to see.
ALTER TABLE system.device_journal ADD COLUMN digest_mismatches integer NOT NULL DEFAULT 0;
ALTER TABLE system.device_journal ADD COLUMN last_mismatch_at timestamptz;

-- Which database this is: PostgreSQL's own identifier, the timeline that it writes and the database's number. Each
-- changes when a backup is restored into another cluster, when recovery ends or a standby is promoted, and when a dump
-- is restored into a database made anew. NULL while recovering, when nothing is written.
CREATE FUNCTION system.database_identity() RETURNS text LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pg_is_in_recovery() THEN RETURN NULL; END IF;
  RETURN (SELECT s.system_identifier FROM pg_control_system() s)
    || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
    || '/' || (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
END $$;

-- forks: of each epoch that the history came through, the last version that it has in common with it. The column fork is
-- the last of them, as releases before this one read it. identity: where the history was last known to go on.
ALTER TABLE system.tenant_sync ADD COLUMN forks jsonb NOT NULL DEFAULT '{}';
ALTER TABLE system.tenant_sync ADD COLUMN identity text DEFAULT system.database_identity();
ALTER TABLE system.tenant_sync ADD COLUMN epoch_began_at timestamptz;

-- Begins a new epoch for these organizations: their histories part here from those that devices may know. The name is
-- drawn, since whoever restores one backup twice makes two histories. The version jumps ahead of all that can have been
-- sealed and lost, so that no two epochs share a version.
CREATE FUNCTION system.begin_epochs(organizations uuid[])
RETURNS TABLE (organization_id uuid, epoch text, fork bigint, version bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE system.tenant_sync t SET forks = t.forks || jsonb_build_object(t.epoch, t.version), fork = t.version,
    epoch = 'e' || left(replace(gen_random_uuid()::text, '-', ''), 12), version = t.version + 1000000,
    identity = system.database_identity(), epoch_began_at = clock_timestamp()
  WHERE t.organization_id = ANY (organizations)
  RETURNING t.organization_id, t.epoch, t.fork, t.version $$;
REVOKE ALL ON FUNCTION system.begin_epochs(uuid[]) FROM PUBLIC;

-- Run on every new connection of a server: where this is another database than the one that an organization's history
-- was written in, that history goes on in a new epoch. Returns for how many.
CREATE FUNCTION system.begin_epochs_after_restore() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  here text := system.database_identity();
BEGIN
  IF here IS NULL OR NOT EXISTS (SELECT 1 FROM system.tenant_sync t WHERE t.identity IS DISTINCT FROM here) THEN
    RETURN 0;
  END IF;
  -- Of several connections one is first; the others find nothing left to do.
  RETURN (SELECT count(*) FROM system.begin_epochs(ARRAY(
    SELECT t.organization_id FROM system.tenant_sync t WHERE t.identity IS DISTINCT FROM here
    ORDER BY t.organization_id FOR UPDATE)) b);
END $$;
REVOKE ALL ON FUNCTION system.begin_epochs_after_restore() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.begin_epochs_after_restore() TO constat_app;

-- The same for the organization of the running transaction, which has proof that it was put back: something that it
-- signed itself names a version of this epoch that it has not reached. No row where another was first.
CREATE FUNCTION system.begin_epoch_after(seen_epoch text, seen_version bigint)
RETURNS TABLE (epoch text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.epoch FROM system.begin_epochs(ARRAY(
    SELECT t.organization_id FROM system.tenant_sync t
    WHERE t.organization_id = system.organization_id() AND t.epoch = seen_epoch AND t.version < seen_version
    FOR UPDATE)) b $$;
REVOKE ALL ON FUNCTION system.begin_epoch_after(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.begin_epoch_after(text, bigint) TO constat_app;

-- How many organizations began an epoch since a moment, for the log of whoever starts a server.
CREATE FUNCTION system.epochs_begun_since(moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FROM system.tenant_sync t WHERE t.epoch_began_at >= moment $$;
REVOKE ALL ON FUNCTION system.epochs_begun_since(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.epochs_begun_since(timestamptz) TO constat_app;
