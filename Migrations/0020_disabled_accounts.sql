-- Accounts that were disabled before 0018 left their devices unrevoked, which can neither pull nor bring what they hold: the
-- office would have to revoke each. They are revoked as disabling an account does it since, in each organization's name, so
-- that history and versions tell.
DO $$
DECLARE
  org uuid;
BEGIN
  PERFORM set_config('app.actor', 'migration:0020', true), set_config('app.channel', 'migration', true);
  FOR org IN SELECT t.organization_id FROM system.tenant_sync t ORDER BY t.organization_id LOOP
    PERFORM set_config('app.organization_id', org::text, true);
    UPDATE public.device d SET revoked_at = a.disabled_at FROM public.user_account a
    WHERE d.organization_id = org AND d.revoked_at IS NULL AND a.organization_id = org AND a.id = d.technician_id
      AND a.disabled_at IS NOT NULL;
    -- Sealed before the next organization's turn.
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true), set_config('app.actor', '', true),
    set_config('app.channel', '', true);
END $$;
