-- Live events: the versions of several organizations in one statement, each read as that organization, so that row-level
-- security holds for the one process-wide reader as it does for a request.

CREATE FUNCTION system.versions_of(organizations uuid[]) RETURNS TABLE (organization_id uuid, version bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  org uuid;
BEGIN
  FOREACH org IN ARRAY organizations LOOP
    PERFORM set_config('app.organization_id', org::text, true);
    RETURN QUERY SELECT t.organization_id, t.version FROM system.tenant_sync t WHERE t.organization_id = org;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true);
END $$;
