-- The order and its property: contacts, buildings, price lists, dossiers, appointments, field work, reports.

CREATE TABLE contact (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  kind text NOT NULL DEFAULT 'individual' CHECK (kind IN
    ('individual', 'professional', 'agency', 'notary', 'managing_agent')),
  company_name text, title text, last_name text NOT NULL, first_name text,
  street text, address_complement text, postcode text, city text, country text,
  email text, additional_emails text[] NOT NULL DEFAULT '{}', phone text, mobile text, fax text,
  private_comment text,
  discount_rate integer CHECK (discount_rate BETWEEN 0 AND 10000),
  discount_comment text,
  accounting_code text,
  siren text, vat_number text, website text, registration_number text,
  main_account_id uuid,
  sales_representative_id uuid,
  never_block_reports boolean NOT NULL DEFAULT false,
  notify_appointments boolean NOT NULL DEFAULT false,
  search_text text GENERATED ALWAYS AS (system.fold(coalesce(company_name, '') || ' ' || last_name || ' '
    || coalesce(first_name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(city, ''))) STORED,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, main_account_id) REFERENCES contact,
  FOREIGN KEY (organization_id, sales_representative_id) REFERENCES user_account,
  CONSTRAINT contact_main_account CHECK (main_account_id IS NULL OR (kind <> 'individual' AND main_account_id <> id))
);
CREATE INDEX contact_created ON contact (organization_id, created_at, id);
CREATE INDEX contact_main_account_key ON contact (organization_id, main_account_id) WHERE main_account_id IS NOT NULL;
CALL system.govern('contact');
ALTER TABLE user_account ADD FOREIGN KEY (organization_id, contact_id) REFERENCES contact;

CREATE TABLE building (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  owner_id uuid,
  street text, address_complement text, postcode text, city text, insee_code text, country text,
  latitude double precision, longitude double precision,
  built_year integer CHECK (built_year BETWEEN 1000 AND 2200),
  permit_year integer CHECK (permit_year BETWEEN 1000 AND 2200),
  co_ownership boolean, collective_heating boolean, termite_zone boolean,
  comment text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, owner_id) REFERENCES contact
);
CALL system.govern('building');

CREATE TABLE module (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  building_id uuid NOT NULL,
  label text NOT NULL,
  property_type text CHECK (property_type IN ('apartment', 'house', 'commercial', 'common_parts', 'other')),
  lot_number text, floor text, door text, staircase text,
  floor_area_hundredths integer CHECK (floor_area_hundredths >= 0),
  room_count integer CHECK (room_count BETWEEN 0 AND 999),
  comment text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, building_id) REFERENCES building
);
CREATE INDEX module_building ON module (organization_id, building_id);
CALL system.govern('module');

-- The catalogue of diagnostics, one per organization (DIA-02).
CREATE TABLE diagnostic_type (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  code text NOT NULL CHECK (code ~ '^[a-z0-9_]{2,40}$'),
  label text NOT NULL,
  in_technical_file boolean NOT NULL DEFAULT true,
  requires_lead_analyser boolean NOT NULL DEFAULT false,
  duration_minutes integer NOT NULL DEFAULT 30 CHECK (duration_minutes BETWEEN 0 AND 1440),
  position integer NOT NULL DEFAULT 0,
  active boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT diagnostic_type_code_key UNIQUE (organization_id, code)
);
CALL system.govern('diagnostic_type');

CREATE TABLE price_list (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  vat_rate integer NOT NULL DEFAULT 2000 CHECK (vat_rate BETWEEN 0 AND 10000),
  active boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
);
CALL system.govern('price_list');

-- A unit price for one diagnostic, or a pack price for a set of them, within limits of type, area and rooms.
CREATE TABLE price_list_line (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  price_list_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('unit', 'pack')),
  label text NOT NULL,
  diagnostic_codes text[] NOT NULL CHECK (cardinality(diagnostic_codes) >= 1),
  property_type text CHECK (property_type IN ('apartment', 'house', 'commercial', 'common_parts', 'other')),
  floor_area_max_hundredths integer, room_count_max integer,
  amount_incl_tax_cents bigint NOT NULL CHECK (amount_incl_tax_cents >= 0),
  duration_minutes integer NOT NULL DEFAULT 30 CHECK (duration_minutes BETWEEN 0 AND 1440),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, price_list_id) REFERENCES price_list,
  CONSTRAINT price_list_line_unit CHECK (kind = 'pack' OR cardinality(diagnostic_codes) = 1)
);
CREATE INDEX price_list_line_list ON price_list_line (organization_id, price_list_id);
CALL system.govern('price_list_line');

CREATE TABLE dossier (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  number bigint NOT NULL,
  internal_reference text,
  nature text NOT NULL CHECK (nature IN ('sale_rental_management', 'works_demolition', 'building', 'other')),
  creation_mode text NOT NULL DEFAULT 'complete' CHECK (creation_mode IN ('complete', 'quick')),
  status text NOT NULL DEFAULT 'to_quote' CHECK (status IN ('to_prospect', 'to_quote', 'pre_order', 'quoted',
    'to_schedule', 'scheduled', 'visited', 'awaiting_lab', 'incomplete', 'finalised', 'cancelled')),
  cancellation_reason text,
  contact_origin text,
  urgent boolean NOT NULL DEFAULT false,
  property_sold boolean NOT NULL DEFAULT false,
  building_id uuid, module_id uuid,
  requester_id uuid, prescriber_id uuid, owner_id uuid, occupant_id uuid, buyer_id uuid, payer_id uuid, notary_id uuid,
  managing_agent_id uuid,
  transaction_type text CHECK (transaction_type IN ('sale', 'rental', 'management')),
  property_type text CHECK (property_type IN ('apartment', 'house', 'commercial', 'common_parts', 'other')),
  floor_area_hundredths integer CHECK (floor_area_hundredths >= 0),
  room_count integer CHECK (room_count BETWEEN 0 AND 999),
  built_year integer CHECK (built_year BETWEEN 1000 AND 2200),
  permit_year integer CHECK (permit_year BETWEEN 1000 AND 2200),
  termite_zone boolean, heated boolean, collective_heating boolean, gas_installation_over_15_years boolean,
  electrical_installation_over_15_years boolean, co_ownership boolean, public_sewer boolean, noise_zone boolean,
  street text, address_complement text, postcode text, city text, insee_code text, country text,
  latitude double precision, longitude double precision,
  floor text, door text, staircase text, building_label text, lot_number text,
  key_pickup text, escort text, access_comment text, preliminary_sale_date date,
  on_site_payment_agreed boolean, on_site_payment_means text CHECK (on_site_payment_means IN
    ('cash', 'cheque', 'card', 'online_card', 'transfer', 'direct_debit')),
  price_list_id uuid,
  price_mode text CHECK (price_mode IN ('pack', 'unit', 'manual')),
  gross_incl_tax_cents bigint CHECK (gross_incl_tax_cents >= 0),
  discount_kind text CHECK (discount_kind IN ('rate', 'amount')),
  discount_rate integer CHECK (discount_rate BETWEEN 0 AND 10000),
  discount_cents bigint CHECK (discount_cents >= 0),
  discount_comment text,
  price_incl_tax_cents bigint CHECK (price_incl_tax_cents >= 0),
  vat_rate integer CHECK (vat_rate BETWEEN 0 AND 10000),
  estimated_minutes integer CHECK (estimated_minutes BETWEEN 0 AND 1440),
  notes text,
  created_by text NOT NULL,
  archived_at timestamptz, trashed_at timestamptz,
  search_text text GENERATED ALWAYS AS (system.fold(number::text || ' ' || coalesce(internal_reference, '') || ' '
    || coalesce(street, '') || ' ' || coalesce(postcode, '') || ' ' || coalesce(city, '') || ' '
    || coalesce(notes, ''))) STORED,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT dossier_number_key UNIQUE (organization_id, number),
  FOREIGN KEY (organization_id, building_id) REFERENCES building,
  FOREIGN KEY (organization_id, module_id) REFERENCES module,
  FOREIGN KEY (organization_id, requester_id) REFERENCES contact,
  FOREIGN KEY (organization_id, prescriber_id) REFERENCES contact,
  FOREIGN KEY (organization_id, owner_id) REFERENCES contact,
  FOREIGN KEY (organization_id, occupant_id) REFERENCES contact,
  FOREIGN KEY (organization_id, buyer_id) REFERENCES contact,
  FOREIGN KEY (organization_id, payer_id) REFERENCES contact,
  FOREIGN KEY (organization_id, notary_id) REFERENCES contact,
  FOREIGN KEY (organization_id, managing_agent_id) REFERENCES contact,
  FOREIGN KEY (organization_id, price_list_id) REFERENCES price_list
);
CREATE INDEX dossier_created ON dossier (organization_id, created_at, id);
CREATE INDEX dossier_status ON dossier (organization_id, status, created_at, id);
CREATE INDEX dossier_payer ON dossier (organization_id, payer_id) WHERE payer_id IS NOT NULL;
CALL system.govern('dossier');

-- What a contact of the dossier may see of it (DOC-07). A contact with a role has a row; so may others.
CREATE TABLE dossier_contact (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  contact_id uuid NOT NULL,
  report_access boolean NOT NULL DEFAULT false,
  invoice_access boolean NOT NULL DEFAULT false,
  additional_recipient boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT dossier_contact_key UNIQUE (organization_id, dossier_id, contact_id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, contact_id) REFERENCES contact
);
CREATE INDEX dossier_contact_contact ON dossier_contact (organization_id, contact_id);
CALL system.govern('dossier_contact');

CREATE TABLE outbuilding (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('cellar', 'parking', 'garage', 'attic', 'storage', 'garden', 'other')),
  lot_number text,
  comment text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier
);
CREATE INDEX outbuilding_dossier ON outbuilding (organization_id, dossier_id);
CALL system.govern('outbuilding');

-- A diagnostic to carry out in a dossier, then its pre-conclusion and validity (DIA-01).
CREATE TABLE dossier_diagnostic (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  diagnostic_code text NOT NULL,
  source text NOT NULL DEFAULT 'office' CHECK (source IN ('suggested', 'office', 'field')),
  pre_conclusion text,
  outcome text CHECK (outcome IN ('absence', 'presence', 'not_applicable', 'compliant', 'anomaly', 'done')),
  visited_on date,
  valid_until date,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, diagnostic_code) REFERENCES diagnostic_type (organization_id, code)
);
CREATE INDEX dossier_diagnostic_dossier ON dossier_diagnostic (organization_id, dossier_id);
CALL system.govern('dossier_diagnostic');

CREATE TABLE appointment (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  kind text NOT NULL DEFAULT 'mission' CHECK (kind IN ('mission', 'phone', 'physical')),
  dossier_id uuid,
  contact_id uuid,
  technician_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  time_zone text NOT NULL,
  status text NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'done', 'cancelled')),
  comment text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, contact_id) REFERENCES contact,
  FOREIGN KEY (organization_id, technician_id) REFERENCES user_account,
  CONSTRAINT appointment_ends CHECK (ends_at > starts_at),
  CONSTRAINT appointment_subject CHECK (kind <> 'mission' OR dossier_id IS NOT NULL)
);
CREATE INDEX appointment_dossier ON appointment (organization_id, dossier_id);
CREATE INDEX appointment_technician ON appointment (organization_id, technician_id, starts_at);
CALL system.govern('appointment');

CREATE TABLE lead_analyser (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  serial_number text,
  active boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
);
CALL system.govern('lead_analyser');

-- One analyser, one half-day, one holder (PLA-15); more only as hand-overs in the same commune (PLA-16). The partial
-- unique index is what makes two simultaneous bookings safe.
CREATE TABLE lead_analyser_booking (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  lead_analyser_id uuid NOT NULL,
  appointment_id uuid NOT NULL,
  dossier_id uuid,
  technician_id uuid NOT NULL,
  day date NOT NULL,
  half_day text NOT NULL CHECK (half_day IN ('morning', 'afternoon')),
  city text, insee_code text,
  hand_over boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, lead_analyser_id) REFERENCES lead_analyser,
  FOREIGN KEY (organization_id, appointment_id) REFERENCES appointment,
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, technician_id) REFERENCES user_account
);
CREATE UNIQUE INDEX lead_analyser_booking_half_day_key
  ON lead_analyser_booking (organization_id, lead_analyser_id, day, half_day) WHERE NOT hand_over;
CREATE INDEX lead_analyser_booking_appointment ON lead_analyser_booking (organization_id, appointment_id);
CALL system.govern('lead_analyser_booking');

-- The ten-step mission order as carried out (MIS-07). confirmed_step is the last step passed; the branches taken at
-- 8 and 9 are payer_present and payment_on_site.
CREATE TABLE mission_order (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  technician_id uuid NOT NULL,
  started_at timestamptz NOT NULL,
  started_latitude double precision, started_longitude double precision,
  confirmed_step integer NOT NULL DEFAULT 0 CHECK (confirmed_step BETWEEN 0 AND 10),
  payer_present boolean, payment_on_site boolean,
  payment_means text CHECK (payment_means IN ('cash', 'cheque', 'card', 'online_card')),
  receipt_requested boolean NOT NULL DEFAULT false,
  copy_requested boolean NOT NULL DEFAULT false,
  field_note text,
  finalised_at timestamptz,
  ended_at timestamptz, ended_latitude double precision, ended_longitude double precision,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT mission_order_dossier_key UNIQUE (organization_id, dossier_id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, technician_id) REFERENCES user_account
);
CALL system.govern('mission_order');

CREATE TABLE signature (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  mission_order_id uuid NOT NULL,
  signer text NOT NULL CHECK (signer IN ('technician', 'ordering_party')),
  signer_name text NOT NULL,
  signed_at timestamptz NOT NULL,
  image_sha256 bytea NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, mission_order_id) REFERENCES mission_order,
  FOREIGN KEY (organization_id, image_sha256) REFERENCES system.blob
);
CREATE INDEX signature_mission_order ON signature (organization_id, mission_order_id);
CALL system.govern('signature', verbs => 'SELECT, INSERT');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON signature FOR EACH ROW
EXECUTE FUNCTION system.refuse('a signature never changes');

CREATE TABLE document (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  category text NOT NULL CHECK (category IN ('report', 'health_booklet', 'annex', 'quote', 'reminder', 'contract')),
  file_name text NOT NULL,
  media_type text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 bytea NOT NULL,
  blocked boolean NOT NULL DEFAULT false,
  blocked_reason text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, sha256) REFERENCES system.blob
);
CREATE INDEX document_dossier ON document (organization_id, dossier_id);
CALL system.govern('document');

-- Proof of delivery (DOC-17): written before the first byte leaves.
CREATE TABLE document_download (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  document_id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  actor text NOT NULL,
  contact_id uuid,
  ip_address text,
  downloaded_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, document_id) REFERENCES document,
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, contact_id) REFERENCES contact
);
CREATE INDEX document_download_document ON document_download (organization_id, document_id);
CALL system.govern('document_download', verbs => 'SELECT, INSERT');

-- A mission is on a technician's devices while he has a live appointment for it and its file is not closed.
CREATE OR REPLACE FUNCTION system.refresh_membership(org uuid, dossier uuid, v bigint) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
  outer_tenant text := current_setting('app.organization_id', true);
BEGIN
  IF outer_tenant IS DISTINCT FROM org::text THEN PERFORM set_config('app.organization_id', org::text, true); END IF;
  INSERT INTO system.sync_membership AS m (organization_id, technician_id, dossier_id, state, version)
  SELECT DISTINCT a.organization_id, a.technician_id, a.dossier_id, 'in', v
  FROM appointment a JOIN dossier d ON d.organization_id = a.organization_id AND d.id = a.dossier_id
  WHERE a.organization_id = org AND a.dossier_id = dossier AND a.kind = 'mission' AND a.status <> 'cancelled'
    AND d.status NOT IN ('cancelled', 'finalised') AND d.archived_at IS NULL AND d.trashed_at IS NULL
  ON CONFLICT (organization_id, technician_id, dossier_id)
  DO UPDATE SET state = 'in', reason = NULL, version = v WHERE m.state = 'out';
  UPDATE system.sync_membership m SET state = 'out', version = v,
    reason = CASE WHEN EXISTS (SELECT 1 FROM appointment a WHERE a.organization_id = org AND a.dossier_id = dossier
      AND a.kind = 'mission' AND a.status <> 'cancelled' AND a.technician_id <> m.technician_id)
      AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.organization_id = org AND a.dossier_id = dossier
      AND a.kind = 'mission' AND a.status <> 'cancelled' AND a.technician_id = m.technician_id)
      THEN 'reassigned' ELSE 'closed' END
  WHERE m.organization_id = org AND m.dossier_id = dossier AND m.state = 'in' AND NOT EXISTS (
    SELECT 1 FROM appointment a JOIN dossier d ON d.organization_id = a.organization_id AND d.id = a.dossier_id
    WHERE a.organization_id = org AND a.dossier_id = dossier AND a.technician_id = m.technician_id
      AND a.kind = 'mission' AND a.status <> 'cancelled'
      AND d.status NOT IN ('cancelled', 'finalised') AND d.archived_at IS NULL AND d.trashed_at IS NULL);
  IF outer_tenant IS DISTINCT FROM org::text THEN
    PERFORM set_config('app.organization_id', coalesce(outer_tenant, ''), true);
  END IF;
END $$;
