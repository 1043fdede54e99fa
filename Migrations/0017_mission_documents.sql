-- The papers of a mission, and what the office and its devices agree on before one is signed.

-- Switches of the organization that devices obey: whether a technician may take a card through the online provider, and
-- which information devices are not shown.
ALTER TABLE organization ADD COLUMN online_card_payments boolean NOT NULL DEFAULT false;
ALTER TABLE organization ADD COLUMN withheld_information text[] NOT NULL DEFAULT '{}' CHECK (withheld_information <@
  '{prices,payment_terms,contact_details,contact_addresses,notes,sale}'::text[]);

-- The second switch again, where every pull looks anyway.
ALTER TABLE system.tenant_sync ADD COLUMN withheld text[] NOT NULL DEFAULT '{}';
CREATE FUNCTION system.copy_withheld() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE system.tenant_sync t SET withheld = NEW.withheld_information WHERE t.organization_id = NEW.organization_id;
  RETURN NULL;
END $$;
CREATE TRIGGER withheld AFTER UPDATE ON organization FOR EACH ROW
WHEN (OLD.withheld_information IS DISTINCT FROM NEW.withheld_information) EXECUTE FUNCTION system.copy_withheld();

CREATE VIEW system.sync_organization WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.name, t.online_card_payments, t.withheld_information
    ) f) AS fields
  FROM public.organization t;
GRANT SELECT ON system.sync_organization TO constat_app;

-- The other two pieces of the contract, beside the mission order whose signatures are rows: when each was signed.
ALTER TABLE dossier ADD COLUMN quote_signed_on date;
ALTER TABLE dossier ADD COLUMN ademe_form_signed_on date;
-- Which piece of the contract a file of that category is.
ALTER TABLE document ADD COLUMN contract_piece text CHECK (contract_piece IN ('quote', 'mission_order', 'ademe_form'));
ALTER TABLE document ADD CONSTRAINT document_contract_piece CHECK (contract_piece IS NULL OR category = 'contract');

CREATE OR REPLACE VIEW system.sync_dossier WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.number, t.internal_reference, t.nature, t.status, t.urgent, t.building_id, t.module_id,
      t.requester_id, t.prescriber_id, t.owner_id, t.occupant_id, t.buyer_id, t.payer_id, t.notary_id,
      t.managing_agent_id, t.transaction_type, t.property_type, t.floor_area_hundredths, t.room_count,
      t.built_year, t.permit_year, t.termite_zone, t.heated, t.collective_heating,
      t.gas_installation_over_15_years, t.electrical_installation_over_15_years, t.co_ownership,
      t.public_sewer, t.noise_zone, t.street, t.address_complement, t.postcode, t.city, t.insee_code,
      t.country, t.latitude, t.longitude, t.floor, t.door, t.staircase, t.building_label, t.lot_number,
      t.key_pickup, t.escort, t.access_comment, t.preliminary_sale_date, t.on_site_payment_agreed,
      t.on_site_payment_means, t.price_mode, t.gross_incl_tax_cents, t.price_incl_tax_cents,
      t.discount_comment, system.percent(t.vat_rate) AS vat_rate, t.quote_signed_on, t.ademe_form_signed_on,
      t.estimated_minutes, t.notes
    ) f) AS fields
  FROM public.dossier t;

-- A part of the mission order to be made a file of: what it says, as it was when it was asked for, and what became of
-- it. The content never changes: what has changed since is another edition. is_signed: it says what both parties have
-- signed.
CREATE TABLE mission_document (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  part text NOT NULL CHECK (part IN ('intervention_sheet', 'commercial_order', 'payment_receipt')),
  is_signed boolean NOT NULL DEFAULT false,
  content jsonb NOT NULL,
  content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'rendered', 'failed')),
  requested_by text NOT NULL,
  file_sha256 bytea,
  media_type text,
  size_bytes bigint,
  rendered_at timestamptz,
  failure text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT mission_document_key UNIQUE (organization_id, dossier_id, part, content_sha256),
  CONSTRAINT mission_document_file CHECK ((state = 'rendered') = (file_sha256 IS NOT NULL)),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, file_sha256) REFERENCES system.blob
);
CREATE INDEX mission_document_dossier ON mission_document (organization_id, dossier_id, part, created_at);
CREATE INDEX mission_document_blob ON mission_document (organization_id, file_sha256);
-- The content has the addresses and amounts of people: history says that there is one.
CALL system.govern('mission_document', '{content}', verbs => 'SELECT, INSERT, UPDATE');
CREATE TRIGGER immutable BEFORE UPDATE ON mission_document FOR EACH ROW
WHEN ((OLD.dossier_id, OLD.part, OLD.is_signed, OLD.content, OLD.content_sha256)
  IS DISTINCT FROM (NEW.dossier_id, NEW.part, NEW.is_signed, NEW.content, NEW.content_sha256)
  OR OLD.file_sha256 IS DISTINCT FROM NEW.file_sha256 AND OLD.file_sha256 IS NOT NULL)
EXECUTE FUNCTION system.refuse('an edition never changes');

-- Which edition is sent.
ALTER TABLE mission_delivery ADD COLUMN document_id uuid;
ALTER TABLE mission_delivery ADD FOREIGN KEY (organization_id, document_id) REFERENCES mission_document;
CREATE INDEX mission_delivery_document ON mission_delivery (organization_id, document_id);
