-- Photos, plans and papers of a mission: rows that may be there before their bytes are. The bytes of all files lie in one
-- blob storage, keyed by organization and SHA-256; uploads bring them in parts.

-- Where a blob's bytes are: in this table (signatures, which are committed with the push that brings them, and what older
-- versions kept here), or, where bytes is NULL, in the storage. stored: they are there. A row that is not stored says that
-- the storage may have an object of that name: it is written before the object is, and goes after it.
ALTER TABLE system.blob ALTER COLUMN bytes DROP NOT NULL;
ALTER TABLE system.blob ADD COLUMN stored boolean NOT NULL DEFAULT true;
-- When somebody last asked for these bytes to be kept; what nothing refers to goes some days later.
ALTER TABLE system.blob ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE system.blob ADD CONSTRAINT blob_inline CHECK (bytes IS NULL OR stored);
GRANT UPDATE, DELETE ON system.blob TO constat_app;
CREATE INDEX blob_touched ON system.blob (organization_id, touched_at);
CREATE INDEX document_blob ON document (organization_id, sha256);
CREATE INDEX signature_blob ON signature (organization_id, image_sha256);

-- A file that belongs to a mission. Born whole, never changed but for its state, which the database keeps: a device says
-- that there is a photo when it syncs, and sends the photo when it can.
CREATE TABLE attachment (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('photo', 'plan', 'paper')),
  diagnostic_code text,
  file_name text NOT NULL,
  media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf')),
  size_bytes bigint NOT NULL CHECK (size_bytes BETWEEN 1 AND 52428800),
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  caption text,
  taken_at timestamptz,
  latitude double precision, longitude double precision,
  state text NOT NULL DEFAULT 'awaiting_blob' CHECK (state IN ('awaiting_blob', 'stored')),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, diagnostic_code) REFERENCES diagnostic_type (organization_id, code)
);
CREATE INDEX attachment_dossier ON attachment (organization_id, dossier_id, state);
CREATE INDEX attachment_blob ON attachment (organization_id, sha256);
CALL system.govern('attachment');
CREATE TRIGGER immutable BEFORE UPDATE ON attachment FOR EACH ROW
WHEN (to_jsonb(OLD) - '{state,version,updated_at}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{state,version,updated_at}'::text[])
EXECUTE FUNCTION system.refuse('an attachment never changes');

-- Attachments of a blob take this lock shared, the blob's arrival and departure take it alone: neither misses the other.
CREATE FUNCTION system.blob_lock(org uuid, hash bytea) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT hashtextextended(org::text || encode(hash, 'hex'), 11) $$;

CREATE FUNCTION system.settle_attachment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(system.blob_lock(NEW.organization_id, NEW.sha256));
  NEW.state := CASE WHEN EXISTS (SELECT 1 FROM system.blob b
    WHERE b.organization_id = NEW.organization_id AND b.sha256 = NEW.sha256 AND b.stored) THEN 'stored'
    ELSE 'awaiting_blob' END;
  RETURN NEW;
END $$;
CREATE TRIGGER settle BEFORE INSERT ON attachment FOR EACH ROW EXECUTE FUNCTION system.settle_attachment();

CREATE FUNCTION system.settle_blob() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(system.blob_lock(NEW.organization_id, NEW.sha256));
  UPDATE public.attachment SET state = 'stored'
  WHERE organization_id = NEW.organization_id AND sha256 = NEW.sha256 AND state = 'awaiting_blob';
  RETURN NULL;
END $$;
CREATE TRIGGER settle AFTER INSERT OR UPDATE OF stored ON system.blob FOR EACH ROW WHEN (NEW.stored)
EXECUTE FUNCTION system.settle_blob();

-- Bytes on their way, in parts (tus 1.0). parts: where each part that the storage holds begins. Kept for some days after
-- its end, so that who lost the last answer learns of it.
CREATE TABLE system.upload (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  -- Who may go on with it, as history has it: "device:…".
  actor text NOT NULL,
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  media_type text NOT NULL,
  file_name text NOT NULL,
  size_bytes bigint NOT NULL,
  offset_bytes bigint NOT NULL DEFAULT 0,
  parts bigint[] NOT NULL DEFAULT '{}',
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
) WITH (fillfactor = 70);
CREATE INDEX upload_expiry ON system.upload (organization_id, expires_at);
CREATE INDEX upload_actor ON system.upload (organization_id, actor);
CALL system.isolate('system.upload');
GRANT SELECT, INSERT, UPDATE, DELETE ON system.upload TO constat_app;

CREATE VIEW system.sync_attachment WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.kind, t.diagnostic_code, t.file_name, t.media_type, t.size_bytes,
      encode(t.sha256, 'hex') AS sha256, t.caption, system.wire_instant(t.taken_at) AS taken_at, t.latitude,
      t.longitude, t.state
    ) f) AS fields
  FROM public.attachment t;
GRANT SELECT ON system.sync_attachment TO constat_app;
