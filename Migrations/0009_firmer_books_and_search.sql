-- What the first schema left open: lines added to a posted entry, parts added to a document while it is being issued,
-- allocations rewritten; an analyser's booking that forgets that its mission's town was corrected; look-ups that read a
-- whole tenant.

-- An entry is whole when its transaction ends: its lines come with it and balance, and none joins it later. The history
-- tells which transaction an entry came from.
CREATE FUNCTION system.check_posted_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM system.history h WHERE h.organization_id = NEW.organization_id AND h.row_id = NEW.entry_id
      AND h.table_name = 'journal_entry' AND h.operation = 'insert' AND h.transaction_id = system.transaction_id()) THEN
    RAISE EXCEPTION 'books are corrected by new entries' USING ERRCODE = 'CN003';
  END IF;
  IF (SELECT sum(l.debit_cents - l.credit_cents) FROM public.journal_line l
      WHERE l.organization_id = NEW.organization_id AND l.entry_id = NEW.entry_id) <> 0 THEN
    RAISE EXCEPTION 'entry % does not balance', NEW.entry_id USING ERRCODE = 'CN005';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER posted AFTER INSERT ON journal_line DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION system.check_posted_line();

-- As before, under the invoice's lock: a part that comes while the invoice is being issued waits, and is then refused.
CREATE OR REPLACE FUNCTION system.freeze_invoice_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  org uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.organization_id ELSE NEW.organization_id END;
  old_invoice uuid := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE OLD.invoice_id END;
  new_invoice uuid := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE NEW.invoice_id END;
  whole record;
BEGIN
  FOR whole IN SELECT i.status FROM public.invoice i
    WHERE i.organization_id = org AND i.id IN (old_invoice, new_invoice) ORDER BY i.id FOR NO KEY UPDATE
  LOOP
    CONTINUE WHEN whole.status <> 'issued';
    IF TG_TABLE_NAME = 'instalment' AND TG_OP = 'UPDATE'
      AND to_jsonb(NEW) - '{status,deposit_slip_id,version,updated_at}'::text[]
        = to_jsonb(OLD) - '{status,deposit_slip_id,version,updated_at}'::text[] THEN
      CONTINUE;
    END IF;
    RAISE EXCEPTION 'an issued document never changes' USING ERRCODE = 'CN003';
  END LOOP;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- What a closed slip handed over is known when it closes.
CREATE FUNCTION system.freeze_deposit_slip_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM public.deposit_slip s WHERE s.organization_id = NEW.organization_id AND s.id = NEW.deposit_slip_id
    FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM public.deposit_slip s WHERE s.organization_id = NEW.organization_id
      AND s.id = NEW.deposit_slip_id AND s.status = 'closed') THEN
    RAISE EXCEPTION 'a closed deposit slip never changes' USING ERRCODE = 'CN003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE INSERT ON deposit_slip_item FOR EACH ROW EXECUTE FUNCTION system.freeze_deposit_slip_item();

-- An allocation is undone once, by its reversal, and nothing else of it ever moves.
CREATE FUNCTION system.freeze_payment_allocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.reversed_at IS NOT NULL OR to_jsonb(NEW) - '{reversed_at,version,updated_at}'::text[]
    <> to_jsonb(OLD) - '{reversed_at,version,updated_at}'::text[] THEN
    RAISE EXCEPTION 'an allocation is reversed, never changed' USING ERRCODE = 'CN003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON payment_allocation FOR EACH ROW
EXECUTE FUNCTION system.freeze_payment_allocation();

-- Where an analyser is booked for is where its mission is (PLA-15, PLA-16), whoever corrects the town: the office, a
-- technician on site, hand-typed SQL.
CREATE FUNCTION system.move_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.lead_analyser_booking b SET city = n.city, insee_code = n.insee_code
  FROM new_rows n JOIN old_rows o ON o.organization_id = n.organization_id AND o.id = n.id
  WHERE (n.city, n.insee_code) IS DISTINCT FROM (o.city, o.insee_code)
    AND b.organization_id = n.organization_id AND b.dossier_id = n.id
    AND (b.city, b.insee_code) IS DISTINCT FROM (n.city, n.insee_code);
  RETURN NULL;
END $$;
CREATE TRIGGER move_bookings AFTER UPDATE ON dossier REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.move_bookings();
CREATE INDEX lead_analyser_booking_dossier ON lead_analyser_booking (organization_id, dossier_id)
  WHERE dossier_id IS NOT NULL;

-- A client's invoices are found by who pays them.
CREATE INDEX invoice_payer ON invoice (organization_id, payer_id);

-- Search (DOS-21, DOS-22, CON-02) by trigrams. A dossier's own words stand beside those of what hangs on it, so that
-- one index answers for all words at once.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA system;
CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA system;
ALTER TABLE system.dossier_summary ADD COLUMN dossier_text text NOT NULL DEFAULT '';
ALTER TABLE system.dossier_summary NO FORCE ROW LEVEL SECURITY;
ALTER TABLE dossier NO FORCE ROW LEVEL SECURITY;
UPDATE system.dossier_summary s SET dossier_text = d.search_text
FROM dossier d WHERE d.organization_id = s.organization_id AND d.id = s.dossier_id;
ALTER TABLE dossier FORCE ROW LEVEL SECURITY;
ALTER TABLE system.dossier_summary FORCE ROW LEVEL SECURITY;

CREATE FUNCTION system.copy_dossier_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE system.dossier_summary s SET dossier_text = n.search_text FROM new_rows n
  WHERE s.organization_id = n.organization_id AND s.dossier_id = n.id AND s.dossier_text <> n.search_text;
  RETURN NULL;
END $$;
-- After summary_insert, which makes the row: triggers run in the order of their names.
CREATE TRIGGER summary_text_insert AFTER INSERT ON dossier REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.copy_dossier_text();
CREATE TRIGGER summary_text_update AFTER UPDATE ON dossier REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION system.copy_dossier_text();

SET LOCAL search_path = public, system;
CREATE INDEX dossier_summary_search ON system.dossier_summary
  USING gin (organization_id, (dossier_text || ' ' || search_text) gin_trgm_ops);
CREATE INDEX contact_search ON contact USING gin (organization_id, search_text gin_trgm_ops);
SET LOCAL search_path = public;

-- The rows of the caller's organization that hold all these words: their ids, or NULL where they are more than most, for
-- then a reader who goes through them in order finds a page of them soon enough. Under row-level security LIKE cannot
-- use an index, since it is not leakproof; so this runs as the owner, and filters by organization itself.
CREATE POLICY search ON system.dossier_summary FOR SELECT TO constat_owner USING (true);
CREATE POLICY search ON contact FOR SELECT TO constat_owner USING (true);
CREATE FUNCTION system.search(noun text, words text[], most bigint) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found uuid[];
  haystack text := CASE noun WHEN 'dossier' THEN '(s.dossier_text || '' '' || s.search_text)' ELSE 's.search_text' END;
  source text := CASE noun WHEN 'dossier' THEN 's.dossier_id FROM system.dossier_summary s'
    WHEN 'contact' THEN 's.id FROM public.contact s' END;
  -- As literals, so that the planner sees how rare each word is.
  conditions text := (SELECT string_agg(format('AND %s LIKE %L', haystack,
    '%' || regexp_replace(system.fold(word), '([\\%_])', '\\\1', 'g') || '%'), ' ') FROM unnest(words) AS word);
BEGIN
  EXECUTE format('SELECT coalesce(array_agg(f.id), ''{}'') FROM (SELECT %s WHERE s.organization_id = $1 %s LIMIT $2)'
    ' AS f (id)', source, conditions) INTO found USING system.organization_id(), most + 1;
  RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$;
REVOKE ALL ON FUNCTION system.search(text, text[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.search(text, text[], bigint) TO constat_app;
