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
