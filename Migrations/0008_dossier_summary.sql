-- What the list of dossiers shows besides the dossier itself (DOS-23): names, appointment, technician, the facts about
-- reports and invoices, and the words that search reaches (DOS-22). Kept by triggers, so that a page of the list reads
-- two rows per dossier, whoever wrote what they are made of.

CREATE TABLE system.dossier_summary (
  organization_id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  owner_name text, prescriber_name text,
  appointment_id uuid, appointment_starts_at timestamptz, appointment_ends_at timestamptz, appointment_time_zone text,
  technician_id uuid, technician_name text, technician_initials text,
  report_count integer NOT NULL DEFAULT 0,
  blocked_report_count integer NOT NULL DEFAULT 0,
  downloaded_report_count integer NOT NULL DEFAULT 0,
  invoice_count integer NOT NULL DEFAULT 0,
  invoice_amount_cents bigint,
  instalment_count integer NOT NULL DEFAULT 0,
  settled_instalment_count integer NOT NULL DEFAULT 0,
  search_text text NOT NULL DEFAULT '',
  PRIMARY KEY (organization_id, dossier_id),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier ON DELETE CASCADE
) WITH (fillfactor = 80);
CALL system.isolate('system.dossier_summary');
GRANT SELECT, INSERT, UPDATE ON system.dossier_summary TO constat_app;
CREATE INDEX dossier_summary_technician ON system.dossier_summary (organization_id, technician_id);

-- The list's order, urgent first (DOS-32), of what is neither archived nor in the trash.
CREATE INDEX dossier_list ON dossier (organization_id, urgent, created_at, id)
  WHERE archived_at IS NULL AND trashed_at IS NULL;
CREATE INDEX dossier_list_status ON dossier (organization_id, status, urgent, created_at, id)
  WHERE archived_at IS NULL AND trashed_at IS NULL;
DROP INDEX dossier_status;
CREATE INDEX dossier_owner ON dossier (organization_id, owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX dossier_prescriber ON dossier (organization_id, prescriber_id) WHERE prescriber_id IS NOT NULL;
CREATE INDEX dossier_building ON dossier (organization_id, building_id) WHERE building_id IS NOT NULL;
CREATE INDEX dossier_module ON dossier (organization_id, module_id) WHERE module_id IS NOT NULL;
CREATE INDEX appointment_starts ON appointment (organization_id, starts_at);

-- A contact as a dossier shows it: the company, or last and first name.
CREATE FUNCTION system.displayed_name(company_name text, last_name text, first_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(company_name, ''), last_name || coalesce(' ' || nullif(first_name, ''), '')) $$;

-- Computes the summaries of these dossiers anew. Their rows are locked first, so that of two transactions that touch one
-- dossier the later sees what the earlier did.
CREATE FUNCTION system.refresh_dossier_summaries(org uuid, dossiers uuid[]) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO system.dossier_summary (organization_id, dossier_id)
  SELECT d.organization_id, d.id FROM dossier d WHERE d.organization_id = org AND d.id = ANY (dossiers)
  ON CONFLICT (organization_id, dossier_id) DO NOTHING;
  PERFORM 1 FROM system.dossier_summary s WHERE s.organization_id = org AND s.dossier_id = ANY (dossiers)
  ORDER BY s.dossier_id FOR NO KEY UPDATE;
  UPDATE system.dossier_summary s SET
    owner_name = n.owner_name, prescriber_name = n.prescriber_name,
    appointment_id = n.appointment_id, appointment_starts_at = n.starts_at, appointment_ends_at = n.ends_at,
    appointment_time_zone = n.time_zone, technician_id = n.technician_id, technician_name = n.technician_name,
    technician_initials = n.technician_initials, report_count = n.reports, blocked_report_count = n.blocked,
    downloaded_report_count = n.downloaded, invoice_count = n.invoices, invoice_amount_cents = n.amount,
    instalment_count = n.instalments, settled_instalment_count = n.settled,
    search_text = system.fold(concat_ws(' ', n.owner_words, n.prescriber_words, n.file_names))
  FROM (
    SELECT d.id,
      system.displayed_name(o.company_name, o.last_name, o.first_name) AS owner_name,
      system.displayed_name(p.company_name, p.last_name, p.first_name) AS prescriber_name,
      concat_ws(' ', o.company_name, o.last_name, o.first_name) AS owner_words,
      concat_ws(' ', p.company_name, p.last_name, p.first_name) AS prescriber_words,
      a.appointment_id, a.starts_at, a.ends_at, a.time_zone, a.technician_id, a.technician_name, a.technician_initials,
      r.reports, r.blocked, r.downloaded, r.file_names, i.invoices, i.amount, e.instalments, e.settled
    FROM dossier d
    LEFT JOIN contact o ON o.organization_id = d.organization_id AND o.id = d.owner_id
    LEFT JOIN contact p ON p.organization_id = d.organization_id AND p.id = coalesce(d.prescriber_id, d.owner_id)
    LEFT JOIN LATERAL (
      SELECT x.id AS appointment_id, x.starts_at, x.ends_at, x.time_zone, x.technician_id,
        concat_ws(' ', u.first_name, u.last_name) AS technician_name,
        upper(concat(left(u.first_name, 1), left(u.last_name, 1))) AS technician_initials
      FROM appointment x JOIN user_account u ON u.organization_id = x.organization_id AND u.id = x.technician_id
      WHERE x.organization_id = d.organization_id AND x.dossier_id = d.id AND x.kind = 'mission'
        AND x.status <> 'cancelled'
      ORDER BY x.status = 'planned' DESC,
        CASE WHEN x.status = 'planned' THEN x.starts_at END ASC, x.starts_at DESC LIMIT 1
    ) a ON true
    LEFT JOIN LATERAL (
      SELECT count(*) FILTER (WHERE f.category = 'report') AS reports,
        count(*) FILTER (WHERE f.category = 'report' AND f.blocked) AS blocked,
        count(*) FILTER (WHERE f.category = 'report' AND EXISTS (SELECT 1 FROM document_download l
          WHERE l.organization_id = f.organization_id AND l.document_id = f.id AND l.contact_id IS NOT NULL)) AS downloaded,
        string_agg(f.file_name, ' ') AS file_names
      FROM document f WHERE f.organization_id = d.organization_id AND f.dossier_id = d.id
    ) r ON true
    LEFT JOIN LATERAL (
      SELECT count(*) FILTER (WHERE v.kind = 'invoice') AS invoices, sum(v.total_incl_tax_cents)::bigint AS amount
      FROM invoice v WHERE v.organization_id = d.organization_id AND v.dossier_id = d.id AND v.status = 'issued'
    ) i ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS instalments, count(*) FILTER (WHERE t.status <> 'pending') AS settled
      FROM instalment t JOIN invoice v ON v.organization_id = t.organization_id AND v.id = t.invoice_id
      WHERE v.organization_id = d.organization_id AND v.dossier_id = d.id AND v.status = 'issued'
        AND v.kind = 'invoice'
    ) e ON true
    WHERE d.organization_id = org AND d.id = ANY (dossiers)
  ) n WHERE s.organization_id = org AND s.dossier_id = n.id;
END $$;

-- After a change of what hangs on dossiers: TG_ARGV[0] tells the column that names the dossier.
CREATE FUNCTION system.summarise_dossiers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR touched IN SELECT n.organization_id AS org, array_agg(DISTINCT (to_jsonb(n) ->> TG_ARGV[0])::uuid) AS ids
      FROM new_rows n WHERE to_jsonb(n) ->> TG_ARGV[0] IS NOT NULL GROUP BY 1
    LOOP PERFORM system.refresh_dossier_summaries(touched.org, touched.ids); END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR touched IN SELECT o.organization_id AS org, array_agg(DISTINCT (to_jsonb(o) ->> TG_ARGV[0])::uuid) AS ids
      FROM old_rows o WHERE to_jsonb(o) ->> TG_ARGV[0] IS NOT NULL GROUP BY 1
    LOOP PERFORM system.refresh_dossier_summaries(touched.org, touched.ids); END LOOP;
  ELSE
    FOR touched IN SELECT c.org, array_agg(DISTINCT c.id) AS ids FROM (
        SELECT n.organization_id AS org, (to_jsonb(n) ->> TG_ARGV[0])::uuid AS id FROM new_rows n
        UNION ALL SELECT o.organization_id, (to_jsonb(o) ->> TG_ARGV[0])::uuid FROM old_rows o
      ) c WHERE c.id IS NOT NULL GROUP BY 1
    LOOP PERFORM system.refresh_dossier_summaries(touched.org, touched.ids); END LOOP;
  END IF;
  RETURN NULL;
END $$;

-- A dossier's own row matters only through its owner and its prescriber.
CREATE FUNCTION system.summarise_changed_dossiers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched record;
BEGIN
  FOR touched IN SELECT n.organization_id AS org, array_agg(n.id) AS ids
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    WHERE (n.owner_id, n.prescriber_id) IS DISTINCT FROM (o.owner_id, o.prescriber_id) GROUP BY 1
  LOOP PERFORM system.refresh_dossier_summaries(touched.org, touched.ids); END LOOP;
  RETURN NULL;
END $$;

-- A contact's new name is that of all its dossiers.
CREATE FUNCTION system.summarise_dossiers_of_contacts() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
  touched record;
BEGIN
  FOR touched IN SELECT d.organization_id AS org, array_agg(DISTINCT d.id) AS ids
    FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
    JOIN dossier d ON d.organization_id = n.organization_id AND n.id IN (d.owner_id, d.prescriber_id)
    WHERE (n.company_name, n.last_name, n.first_name) IS DISTINCT FROM (o.company_name, o.last_name, o.first_name)
    GROUP BY 1
  LOOP PERFORM system.refresh_dossier_summaries(touched.org, touched.ids); END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION system.summarise_dossiers_of_technicians() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE system.dossier_summary s SET technician_name = concat_ws(' ', n.first_name, n.last_name),
    technician_initials = upper(concat(left(n.first_name, 1), left(n.last_name, 1)))
  FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
  WHERE s.organization_id = n.organization_id AND s.technician_id = n.id
    AND (n.first_name, n.last_name) IS DISTINCT FROM (o.first_name, o.last_name);
  RETURN NULL;
END $$;

CREATE TRIGGER summary_insert AFTER INSERT ON dossier REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_dossiers('id');
CREATE TRIGGER summary_update AFTER UPDATE ON dossier REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_changed_dossiers();
CREATE TRIGGER summary_update AFTER UPDATE ON contact REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_dossiers_of_contacts();
CREATE TRIGGER summary_update AFTER UPDATE ON user_account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_dossiers_of_technicians();

DO $$
DECLARE
  relation text;
BEGIN
  FOREACH relation IN ARRAY '{appointment,document,document_download,invoice,instalment}'::text[] LOOP
    EXECUTE format('CREATE TRIGGER summary_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
      ' FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_dossiers(''dossier_id'')', relation);
    EXECUTE format('CREATE TRIGGER summary_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
      ' FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_dossiers(''dossier_id'')', relation);
    EXECUTE format('CREATE TRIGGER summary_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows'
      ' FOR EACH STATEMENT EXECUTE FUNCTION system.summarise_dossiers(''dossier_id'')', relation);
  END LOOP;
END $$;
