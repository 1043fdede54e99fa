-- What a device sees of each row: exactly the fields of ConstatSync's policy table (a test equates them), as the wire
-- has them. Views of the invoker, so that row-level security applies beneath them.

-- An instant as the API writes it; sessions run in UTC.
CREATE FUNCTION system.wire_instant(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT replace(replace(at::text, ' ', 'T'), '+00', 'Z') $$;

CREATE VIEW system.sync_dossier WITH (security_invoker = true) AS
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
      t.discount_comment, system.percent(t.vat_rate) AS vat_rate, t.estimated_minutes, t.notes
    ) f) AS fields
  FROM public.dossier t;

CREATE VIEW system.sync_appointment WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.kind, t.contact_id, t.technician_id, system.wire_instant(t.starts_at) AS starts_at,
      system.wire_instant(t.ends_at) AS ends_at, t.time_zone, t.status, t.comment
    ) f) AS fields
  FROM public.appointment t;

CREATE VIEW system.sync_outbuilding WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.kind, t.lot_number, t.comment
    ) f) AS fields
  FROM public.outbuilding t;

CREATE VIEW system.sync_dossier_diagnostic WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.diagnostic_code, t.source, t.pre_conclusion, t.outcome, t.visited_on, t.valid_until
    ) f) AS fields
  FROM public.dossier_diagnostic t;

CREATE VIEW system.sync_dossier_contact WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.contact_id
    ) f) AS fields
  FROM public.dossier_contact t;

CREATE VIEW system.sync_mission_order WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.technician_id, system.wire_instant(t.started_at) AS started_at, t.started_latitude,
      t.started_longitude, t.confirmed_step, t.payer_present, t.payment_on_site, t.payment_means,
      t.receipt_requested, t.copy_requested, t.field_note,
      system.wire_instant(t.finalised_at) AS finalised_at, system.wire_instant(t.ended_at) AS ended_at,
      t.ended_latitude, t.ended_longitude
    ) f) AS fields
  FROM public.mission_order t;

CREATE VIEW system.sync_signature WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.mission_order_id, t.signer, t.signer_name,
      system.wire_instant(t.signed_at) AS signed_at, encode(t.image_sha256, 'hex') AS image_sha256
    ) f) AS fields
  FROM public.signature t;

CREATE VIEW system.sync_payment WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.payer_id, t.source, t.means, t.amount_cents, t.received_on,
      system.wire_instant(t.received_at) AS received_at, t.reference, t.bank, t.issuer_name, t.comment
    ) f) AS fields
  FROM public.payment t;

CREATE VIEW system.sync_lead_analyser_booking WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.lead_analyser_id, t.appointment_id, t.technician_id, t.day, t.half_day, t.city, t.hand_over
    ) f) AS fields
  FROM public.lead_analyser_booking t;

CREATE VIEW system.sync_sync_conflict WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.entity_type, t.entity_id, t.field, t.policy, t.base, t.mine, t.theirs, t.chosen,
      t.device_id, t.state, t.resolution, system.wire_instant(t.resolved_at) AS resolved_at
    ) f) AS fields
  FROM public.sync_conflict t;

CREATE VIEW system.sync_contact WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.kind, t.company_name, t.title, t.last_name, t.first_name, t.street, t.address_complement, t.postcode,
      t.city, t.country, t.email, t.additional_emails, t.phone, t.mobile
    ) f) AS fields
  FROM public.contact t;

CREATE VIEW system.sync_building WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.name, t.street, t.address_complement, t.postcode, t.city, t.insee_code, t.country, t.latitude,
      t.longitude, t.built_year, t.permit_year, t.co_ownership, t.collective_heating, t.termite_zone,
      t.comment
    ) f) AS fields
  FROM public.building t;

CREATE VIEW system.sync_module WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.building_id, t.label, t.property_type, t.lot_number, t.floor, t.door, t.staircase,
      t.floor_area_hundredths, t.room_count, t.comment
    ) f) AS fields
  FROM public.module t;

CREATE VIEW system.sync_diagnostic_type WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.code, t.label, t.in_technical_file, t.requires_lead_analyser, t.duration_minutes, t.position, t.active
    ) f) AS fields
  FROM public.diagnostic_type t;

GRANT SELECT ON system.sync_dossier,
  system.sync_appointment,
  system.sync_outbuilding,
  system.sync_dossier_diagnostic,
  system.sync_dossier_contact,
  system.sync_mission_order,
  system.sync_signature,
  system.sync_payment,
  system.sync_lead_analyser_booking,
  system.sync_sync_conflict,
  system.sync_contact,
  system.sync_building,
  system.sync_module,
  system.sync_diagnostic_type TO constat_app;

