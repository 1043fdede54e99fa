-- What writes and pulls pay for each row: the history of an update, the seal at COMMIT, what hangs on a dossier, and the
-- views of what devices see.

-- Makes the function that writes the history of one row's update: {column: [before, after]} of what changed. It compares
-- column by column rather than both rows as JSON, and so it is made anew whenever the table's columns change: a migration
-- that adds, drops or renames one ends with this call, and a test finds the function that is outdated. Of the columns whose
-- values are hidden (the argument of the table's history triggers) it says only that they changed.
CREATE PROCEDURE system.record_updates(relation regclass) LANGUAGE plpgsql AS $make$
DECLARE
  name text := (SELECT c.relname FROM pg_class c WHERE c.oid = relation);
  hidden text[] := (SELECT btrim(encode(t.tgargs, 'escape'), '\0')::text[] FROM pg_trigger t
    WHERE t.tgrelid = relation AND t.tgname = 'history_insert');
  dossier text := 'NULL';
  comparisons text;
BEGIN
  IF name = 'dossier' THEN
    dossier := 'NEW.id';
  ELSIF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = 'dossier_id') THEN
    dossier := 'NEW.dossier_id';
  END IF;
  -- Eight at once, and one by one only where those eight differ.
  SELECT string_agg(format(E'  IF (%s) IS DISTINCT FROM (%s) THEN\n%s\n  END IF;', g.before, g.after, g.each), E'\n' ORDER BY g.place)
  INTO comparisons
  FROM (
    SELECT c.place, string_agg(format('OLD.%I', c.attname), ', ' ORDER BY c.attnum) AS before,
      string_agg(format('NEW.%I', c.attname), ', ' ORDER BY c.attnum) AS after,
      string_agg(format('    IF OLD.%1$I IS DISTINCT FROM NEW.%1$I THEN changes := changes || jsonb_build_object(%1$L, %2$s); END IF;',
        c.attname, CASE WHEN c.attname = ANY (hidden) THEN '''["***", "***"]''::jsonb'
          ELSE format('jsonb_build_array(OLD.%1$I, NEW.%1$I)', c.attname) END), E'\n' ORDER BY c.attnum) AS each
    FROM (
      SELECT a.attname, a.attnum, (row_number() OVER (ORDER BY a.attnum) - 1) / 8 AS place FROM pg_attribute a
      WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname <> ALL ('{organization_id,id,version,updated_at,search_text}')
    ) c GROUP BY c.place
  ) g;
  EXECUTE format($function$
CREATE OR REPLACE FUNCTION system.%1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $record$
DECLARE
  changes jsonb := '{}';
  tx uuid;
  place integer;
BEGIN
%2$s
  IF changes = '{}' THEN RETURN NULL; END IF;
  tx := system.transaction_id();
  place := current_setting('app.ordinal')::integer + 1;
  INSERT INTO system.history (organization_id, transaction_id, ordinal, at, actor, channel, table_name, row_id,
    dossier_id, operation, changes)
  VALUES (NEW.organization_id, tx, place, clock_timestamp(), current_setting('app.actor'),
    current_setting('app.channel'), %3$L, NEW.id, %4$s, 'update', changes);
  place := set_config('app.ordinal', place::text, true);
  RETURN NULL;
END $record$
  $function$, 'record_update_of_' || name, comparisons, name, dossier);
  EXECUTE format('CREATE OR REPLACE TRIGGER history_update AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION system.%I()',
    relation, 'record_update_of_' || name);
END $make$;

-- As before, but for updates, which the function of each table records.
CREATE OR REPLACE PROCEDURE system.govern(relation regclass, hidden text[] DEFAULT '{}', verbs text DEFAULT 'SELECT, INSERT, UPDATE, DELETE')
LANGUAGE plpgsql AS $$
BEGIN
  CALL system.isolate(relation);
  EXECUTE format('CREATE TRIGGER a_touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION system.touch()', relation);
  EXECUTE format('CREATE TRIGGER history_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows'
    ' FOR EACH STATEMENT EXECUTE FUNCTION system.write_history(%L)', relation, hidden);
  EXECUTE format('CREATE TRIGGER history_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows'
    ' FOR EACH STATEMENT EXECUTE FUNCTION system.write_history(%L)', relation, hidden);
  CALL system.record_updates(relation);
  EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
    ' EXECUTE FUNCTION system.refuse(''history would not see it'')', relation);
  EXECUTE format('GRANT %s ON %s TO constat_app', verbs, relation);
END $$;

DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT t.tgrelid::regclass FROM pg_trigger t WHERE t.tgname = 'history_update' ORDER BY 1 LOOP
    CALL system.record_updates(relation);
  END LOOP;
END $$;

-- Writes the history of the rows that one statement made or deleted. TG_ARGV[0]: columns whose values stay out of it
-- (secrets). A row is made to JSON in place and fenced by OFFSET 0, since a function of SQL would be planned anew in every
-- statement, and a flattened subquery would make each row to JSON once per column.
CREATE OR REPLACE FUNCTION system.write_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tx uuid := system.transaction_id();
  left_out text[] := '{version,updated_at,search_text}'::text[] || TG_ARGV[0]::text[];
  first integer := current_setting('app.ordinal')::integer;
  written integer;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO system.history
    SELECT r.organization_id, tx, first + row_number() OVER (), clock_timestamp(), current_setting('app.actor'),
      current_setting('app.channel'), TG_TABLE_NAME, r.id,
      CASE WHEN TG_TABLE_NAME = 'dossier' THEN r.id ELSE (r.after ->> 'dossier_id')::uuid END, 'insert',
      (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(NULL, f.value)), '{}')
       FROM jsonb_each(jsonb_strip_nulls(r.after - left_out)) AS f)
    FROM (SELECT n.organization_id, n.id, to_jsonb(n) AS after FROM new_rows n OFFSET 0) r;
  ELSE
    INSERT INTO system.history
    SELECT r.organization_id, tx, first + row_number() OVER (), clock_timestamp(), current_setting('app.actor'),
      current_setting('app.channel'), TG_TABLE_NAME, r.id,
      CASE WHEN TG_TABLE_NAME = 'dossier' THEN r.id ELSE (r.before ->> 'dossier_id')::uuid END, 'delete',
      (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(f.value, NULL)), '{}')
       FROM jsonb_each(jsonb_strip_nulls(r.before - left_out)) AS f)
    FROM (SELECT o.organization_id, o.id, to_jsonb(o) AS before FROM old_rows o OFFSET 0) r;
  END IF;
  GET DIAGNOSTICS written = ROW_COUNT;
  PERFORM set_config('app.ordinal', (first + written)::text, true);
  RETURN NULL;
END $$;

-- Nobody but these functions writes it, and PostgreSQL would read the constraint anew in every statement.
ALTER TABLE system.history DROP CONSTRAINT history_operation_check;

-- As before, but an organization's first version alone is inserted: an insert that meets the row it inserts still asks for
-- the default values of its columns, and that of the database's identity reads a file.
CREATE OR REPLACE FUNCTION system.seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sealed text := current_setting('app.sealed', true);
  v bigint;
BEGIN
  IF sealed <> '' AND split_part(sealed, ':', 1) = NEW.organization_id::text THEN
    v := split_part(sealed, ':', 2)::bigint;
  ELSE
    UPDATE system.tenant_sync t SET version = t.version + 1 WHERE t.organization_id = NEW.organization_id
    RETURNING t.version INTO v;
    IF NOT FOUND THEN
      INSERT INTO system.tenant_sync AS t (organization_id, version) VALUES (NEW.organization_id, 1)
      ON CONFLICT (organization_id) DO UPDATE SET version = t.version + 1 RETURNING t.version INTO v;
    END IF;
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

-- As before, but ordered by time (UUIDv7, RFC 9562), so that what is written together stands together in the indexes.
CREATE OR REPLACE FUNCTION system.transaction_id() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  drawn text := current_setting('app.transaction_id', true);
  clock text;
BEGIN
  IF coalesce(current_setting('app.actor', true), '') = '' OR coalesce(current_setting('app.channel', true), '') = '' THEN
    RAISE EXCEPTION 'a write needs app.actor and app.channel' USING ERRCODE = 'CN001';
  END IF;
  IF drawn IS NULL OR drawn = '' THEN
    clock := lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0');
    drawn := overlay(gen_random_uuid()::text PLACING left(clock, 8) || '-' || right(clock, 4) || '-7' FROM 1 FOR 15);
    PERFORM set_config('app.transaction_id', drawn, true);
    PERFORM set_config('app.sealed', '', true);
    PERFORM set_config('app.ordinal', '0', true);
  END IF;
  RETURN drawn::uuid;
END $$;

-- What hangs on a dossier follows from the columns that it hangs on, and other updates ask for nothing.
DROP TRIGGER summary_update ON dossier;
DROP TRIGGER summary_text_update ON dossier;
DROP TRIGGER move_bookings ON dossier;
DROP FUNCTION system.summarise_changed_dossiers();

-- A dossier's own row matters only through its owner and its prescriber.
CREATE FUNCTION system.summarise_changed_dossier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM system.refresh_dossier_summaries(NEW.organization_id, ARRAY[NEW.id]);
  RETURN NULL;
END $$;
CREATE TRIGGER summary_update AFTER UPDATE OF owner_id, prescriber_id ON dossier FOR EACH ROW
WHEN ((OLD.owner_id, OLD.prescriber_id) IS DISTINCT FROM (NEW.owner_id, NEW.prescriber_id))
EXECUTE FUNCTION system.summarise_changed_dossier();

CREATE FUNCTION system.copy_changed_dossier_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE system.dossier_summary s SET dossier_text = NEW.search_text
  WHERE s.organization_id = NEW.organization_id AND s.dossier_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER summary_text_update AFTER UPDATE OF search_text ON dossier FOR EACH ROW
WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text) EXECUTE FUNCTION system.copy_changed_dossier_text();

CREATE OR REPLACE FUNCTION system.move_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.lead_analyser_booking b SET city = NEW.city, insee_code = NEW.insee_code
  WHERE b.organization_id = NEW.organization_id AND b.dossier_id = NEW.id
    AND (b.city, b.insee_code) IS DISTINCT FROM (NEW.city, NEW.insee_code);
  RETURN NULL;
END $$;
CREATE TRIGGER move_bookings AFTER UPDATE OF city, insee_code ON dossier FOR EACH ROW
WHEN ((OLD.city, OLD.insee_code) IS DISTINCT FROM (NEW.city, NEW.insee_code)) EXECUTE FUNCTION system.move_bookings();

-- The views of what devices see, as before; written so that PostgreSQL needs one plan for a row, not one within another.

CREATE OR REPLACE VIEW system.sync_dossier WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.dossier t CROSS JOIN LATERAL (SELECT
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
    ) f;

CREATE OR REPLACE VIEW system.sync_appointment WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.appointment t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.kind, t.contact_id, t.technician_id, system.wire_instant(t.starts_at) AS starts_at,
      system.wire_instant(t.ends_at) AS ends_at, t.time_zone, t.status, t.comment
    ) f;

CREATE OR REPLACE VIEW system.sync_outbuilding WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.outbuilding t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.kind, t.lot_number, t.comment
    ) f;

CREATE OR REPLACE VIEW system.sync_dossier_diagnostic WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.dossier_diagnostic t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.diagnostic_code, t.source, t.pre_conclusion, t.outcome, t.visited_on, t.valid_until
    ) f;

CREATE OR REPLACE VIEW system.sync_dossier_contact WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.dossier_contact t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.contact_id
    ) f;

CREATE OR REPLACE VIEW system.sync_mission_order WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.mission_order t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.technician_id, system.wire_instant(t.started_at) AS started_at, t.started_latitude,
      t.started_longitude, t.confirmed_step, t.payer_present, t.payment_on_site, t.payment_means,
      t.receipt_requested, t.copy_requested, t.field_note,
      system.wire_instant(t.finalised_at) AS finalised_at, system.wire_instant(t.ended_at) AS ended_at,
      t.ended_latitude, t.ended_longitude
    ) f;

CREATE OR REPLACE VIEW system.sync_signature WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.signature t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.mission_order_id, t.signer, t.signer_name, t.signer_capacity,
      system.wire_instant(t.signed_at) AS signed_at, encode(t.image_sha256, 'hex') AS image_sha256
    ) f;

CREATE OR REPLACE VIEW system.sync_payment WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.payment t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.payer_id, t.source, t.means, t.amount_cents, t.received_on,
      system.wire_instant(t.received_at) AS received_at, t.reference, t.bank, t.issuer_name, t.comment
    ) f;

CREATE OR REPLACE VIEW system.sync_lead_analyser_booking WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.lead_analyser_booking t CROSS JOIN LATERAL (SELECT
      t.lead_analyser_id, t.appointment_id, t.technician_id, t.day, t.half_day, t.city, t.hand_over
    ) f;

CREATE OR REPLACE VIEW system.sync_sync_conflict WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.sync_conflict t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.entity_type, t.entity_id, t.field, t.policy, t.base, t.mine, t.theirs, t.chosen,
      t.device_id, t.state, t.resolution, system.wire_instant(t.resolved_at) AS resolved_at
    ) f;

CREATE OR REPLACE VIEW system.sync_contact WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.contact t CROSS JOIN LATERAL (SELECT
      t.kind, t.company_name, t.title, t.last_name, t.first_name, t.street, t.address_complement, t.postcode,
      t.city, t.country, t.email, t.additional_emails, t.phone, t.mobile
    ) f;

CREATE OR REPLACE VIEW system.sync_building WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.building t CROSS JOIN LATERAL (SELECT
      t.name, t.street, t.address_complement, t.postcode, t.city, t.insee_code, t.country, t.latitude,
      t.longitude, t.built_year, t.permit_year, t.co_ownership, t.collective_heating, t.termite_zone,
      t.comment
    ) f;

CREATE OR REPLACE VIEW system.sync_module WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.module t CROSS JOIN LATERAL (SELECT
      t.building_id, t.label, t.property_type, t.lot_number, t.floor, t.door, t.staircase,
      t.floor_area_hundredths, t.room_count, t.comment
    ) f;

CREATE OR REPLACE VIEW system.sync_diagnostic_type WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.diagnostic_type t CROSS JOIN LATERAL (SELECT
      t.code, t.label, t.in_technical_file, t.requires_lead_analyser, t.duration_minutes, t.position, t.active
    ) f;

CREATE OR REPLACE VIEW system.sync_attachment WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.attachment t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.kind, t.diagnostic_code, t.file_name, t.media_type, t.size_bytes,
      encode(t.sha256, 'hex') AS sha256, t.caption, system.wire_instant(t.taken_at) AS taken_at, t.latitude,
      t.longitude, t.state
    ) f;

CREATE OR REPLACE VIEW system.sync_field_proposal WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.field_proposal t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.entity_type, t.entity_id, t.field, t.signed_value, t.proposed_value, t.proposed_by, t.state,
      t.decided_by, system.wire_instant(t.decided_at) AS decided_at
    ) f;

CREATE OR REPLACE VIEW system.sync_organization WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.organization t CROSS JOIN LATERAL (SELECT
      t.name, t.online_card_payments, t.withheld_information
    ) f;

CREATE OR REPLACE VIEW system.sync_parked_edit WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, row_to_json(f) AS fields
  FROM public.parked_edit t CROSS JOIN LATERAL (SELECT
      t.dossier_id, t.device_id, t.reason, t.outline, t.state, system.wire_instant(t.settled_at) AS settled_at
    ) f;
