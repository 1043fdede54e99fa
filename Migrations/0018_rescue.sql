-- Work that would be lost for good, and is not.

-- A storage may lose what it once took: a disk dies, a bucket is put back to an older day. Its objects are looked for from
-- time to time; an attachment whose bytes are gone awaits them again, so that the device which has them sends them, and the
-- office sees which are missing.

ALTER TABLE system.blob ADD COLUMN checked_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX blob_checked ON system.blob (organization_id, checked_at) WHERE bytes IS NULL;

CREATE FUNCTION system.lose_blob() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(system.blob_lock(NEW.organization_id, NEW.sha256));
  UPDATE public.attachment SET state = 'awaiting_blob'
  WHERE organization_id = NEW.organization_id AND sha256 = NEW.sha256 AND state = 'stored';
  RETURN NULL;
END $$;
CREATE TRIGGER lose AFTER UPDATE OF stored ON system.blob FOR EACH ROW WHEN (OLD.stored AND NOT NEW.stored)
EXECUTE FUNCTION system.lose_blob();

-- Field work of a technician whose account is disabled: his devices are revoked with it, and a revoked device may push what
-- it holds, into parking, whatever became of the account.
CREATE FUNCTION system.revoke_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.device SET revoked_at = NEW.disabled_at
  WHERE organization_id = NEW.organization_id AND technician_id = NEW.id AND revoked_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER revoke_devices AFTER UPDATE OF disabled_at ON user_account FOR EACH ROW
WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL) EXECUTE FUNCTION system.revoke_devices();

-- Who a bearer token stands for; sets the transaction's tenant and actor. No row: the token is unknown, expired, revoked,
-- or its account disabled and it is not that of a revoked device; nothing is then set that would let a policy match.
CREATE OR REPLACE FUNCTION system.authenticate(org uuid, hash bytea, via text)
RETURNS TABLE (kind text, actor text, account_id uuid, device_id uuid, contact_id uuid, profiles text[], scopes text[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  first_use boolean;
BEGIN
  PERFORM set_config('app.organization_id', org::text, true);
  SELECT CASE WHEN s.device_id IS NOT NULL THEN 'device' ELSE a.kind END,
    CASE WHEN s.device_id IS NOT NULL THEN 'device:' || s.device_id ELSE 'user:' || a.id END,
    a.id, s.device_id, a.contact_id, a.profiles, '{}'::text[], s.generation > 0 AND NOT s.successor_used
  INTO kind, actor, account_id, device_id, contact_id, profiles, scopes, first_use
  FROM system.session s JOIN user_account a ON a.organization_id = s.organization_id AND a.id = s.account_id
  WHERE s.organization_id = org AND s.access_hash = hash AND s.access_expires_at > now() AND s.revoked_at IS NULL
    AND (a.disabled_at IS NULL OR EXISTS (SELECT 1 FROM device d
      WHERE d.organization_id = org AND d.id = s.device_id AND d.revoked_at IS NOT NULL));
  IF NOT FOUND THEN
    SELECT 'token', 'token:' || t.id, t.created_by, NULL, NULL, '{}'::text[], t.scopes
    INTO kind, actor, account_id, device_id, contact_id, profiles, scopes
    FROM api_token t JOIN user_account a ON a.organization_id = t.organization_id AND a.id = t.created_by
    WHERE t.organization_id = org AND t.token_hash = hash AND t.revoked_at IS NULL
      AND (t.expires_at IS NULL OR t.expires_at > now()) AND a.disabled_at IS NULL;
    IF NOT FOUND THEN
      PERFORM set_config('app.organization_id', '', true);
      RETURN;
    END IF;
  ELSIF first_use AND current_setting('transaction_read_only') = 'off' THEN
    UPDATE system.session s SET successor_used = true
    WHERE s.organization_id = org AND s.access_hash = hash AND NOT s.successor_used;
  END IF;
  PERFORM set_config('app.actor', actor, true), set_config('app.channel', via, true),
    set_config('app.device_id', coalesce(device_id::text, ''), true),
    set_config('app.account_id', account_id::text, true);
  RETURN NEXT;
END $$;
