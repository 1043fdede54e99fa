-- Jobs across organizations: the worker's two statements that no tenant's policy could allow. They run as the owner,
-- see system.job alone (and which organizations there are), and hand back nothing but leases.

-- Leases up to batch due jobs of these kinds, whoever is waiting longest in each organization first, so that a large
-- organization's queue does not starve the others. A lease that ran out is taken over; the attempt counts, and fences:
-- only the holder of the current attempt can settle the job.
CREATE FUNCTION system.claim_jobs(wanted text[], batch bigint, lease_seconds bigint)
RETURNS TABLE (organization_id uuid, id uuid, kind text, arguments jsonb, attempt integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH candidate AS (
    SELECT j.organization_id, j.id, j.run_at FROM system.job j
    WHERE j.state IN ('available', 'leased') AND j.run_at <= clock_timestamp() AND j.kind = ANY (wanted)
      AND (j.state = 'available' OR j.leased_until < clock_timestamp())
    ORDER BY j.run_at LIMIT batch * 50
  ), ranked AS (
    SELECT c.organization_id, c.id, c.run_at,
      row_number() OVER (PARTITION BY c.organization_id ORDER BY c.run_at, c.id) AS turn
    FROM candidate c
  ), due AS (
    SELECT j.organization_id, j.id FROM system.job j
    JOIN ranked r ON r.organization_id = j.organization_id AND r.id = j.id
    WHERE j.state = 'available' OR (j.state = 'leased' AND j.leased_until < clock_timestamp())
    ORDER BY r.turn, r.run_at LIMIT batch FOR UPDATE OF j SKIP LOCKED
  )
  UPDATE system.job j SET state = 'leased', attempt = j.attempt + 1,
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds)
  FROM due WHERE j.organization_id = due.organization_id AND j.id = due.id
  RETURNING j.organization_id, j.id, j.kind, j.arguments, j.attempt $$;
REVOKE ALL ON FUNCTION system.claim_jobs(text[], bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.claim_jobs(text[], bigint, bigint) TO constat_app;

-- One job of a recurring kind for each organization and tick; its id is drawn from both, so that however many workers
-- plan the same tick, it is there once, and a tick that was carried out does not come back.
CREATE FUNCTION system.plan_jobs(job_kind text, tick bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  planned integer;
BEGIN
  INSERT INTO system.job (organization_id, id, kind, arguments, unique_key)
  SELECT o.organization_id, md5(job_kind || ':' || tick || ':' || o.organization_id)::uuid, job_kind, '{}', tick::text
  FROM public.organization o
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS planned = ROW_COUNT;
  RETURN planned;
END $$;
REVOKE ALL ON FUNCTION system.plan_jobs(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.plan_jobs(text, bigint) TO constat_app;
