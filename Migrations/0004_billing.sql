-- Invoices, payments, deposit slips and the books. What is issued never changes: triggers refuse it to everyone, and
-- the hash chain names the first link that a superuser forged.

CREATE TABLE invoice (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  company_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'issued')),
  dossier_id uuid,
  payer_id uuid NOT NULL,
  corrected_invoice_id uuid,
  number text, series text, sequence bigint,
  issued_on date, issued_at timestamptz, due_on date, service_on date,
  seller jsonb, payer jsonb,
  comment text,
  currency text NOT NULL DEFAULT 'EUR',
  total_excl_tax_cents bigint NOT NULL DEFAULT 0,
  total_vat_cents bigint NOT NULL DEFAULT 0,
  total_incl_tax_cents bigint NOT NULL DEFAULT 0,
  hash bytea,
  archived_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT invoice_number_key UNIQUE (organization_id, company_id, series, sequence),
  FOREIGN KEY (organization_id, company_id) REFERENCES company,
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, payer_id) REFERENCES contact,
  FOREIGN KEY (organization_id, corrected_invoice_id) REFERENCES invoice,
  CONSTRAINT invoice_issued CHECK (status = 'draft' OR (number IS NOT NULL AND series IS NOT NULL AND sequence IS NOT NULL
    AND issued_on IS NOT NULL AND issued_at IS NOT NULL AND due_on IS NOT NULL AND seller IS NOT NULL AND payer IS NOT NULL
    AND hash IS NOT NULL)),
  CONSTRAINT invoice_draft CHECK (status = 'issued' OR number IS NULL),
  CONSTRAINT invoice_credit_note CHECK ((kind = 'credit_note') = (corrected_invoice_id IS NOT NULL))
);
CREATE INDEX invoice_created ON invoice (organization_id, created_at, id);
CREATE INDEX invoice_issued_on ON invoice (organization_id, company_id, kind, issued_on) WHERE status = 'issued';
CREATE INDEX invoice_dossier ON invoice (organization_id, dossier_id);
CREATE INDEX invoice_corrected ON invoice (organization_id, corrected_invoice_id) WHERE corrected_invoice_id IS NOT NULL;
CALL system.govern('invoice');

-- Amounts are in cents, negative on a credit note; quantity in ten-thousandths.
CREATE TABLE invoice_line (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  position integer NOT NULL,
  reference text,
  designation text NOT NULL,
  quantity_ten_thousandths bigint NOT NULL DEFAULT 10000,
  unit_price_excl_tax_cents bigint NOT NULL,
  discount_rate integer NOT NULL DEFAULT 0 CHECK (discount_rate BETWEEN 0 AND 10000),
  vat_rate integer NOT NULL CHECK (vat_rate BETWEEN 0 AND 10000),
  total_excl_tax_cents bigint NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoice
);
CREATE INDEX invoice_line_invoice ON invoice_line (organization_id, invoice_id, position);
CALL system.govern('invoice_line');

-- VAT per rate on the total of the rate (EN 16931 BT-116, BT-117).
CREATE TABLE invoice_vat (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  vat_rate integer NOT NULL,
  base_cents bigint NOT NULL,
  vat_cents bigint NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT invoice_vat_rate_key UNIQUE (organization_id, invoice_id, vat_rate),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoice
);
CALL system.govern('invoice_vat');

CREATE TABLE deposit_slip (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  company_id uuid NOT NULL,
  number text NOT NULL, sequence bigint NOT NULL,
  means text NOT NULL CHECK (means IN ('cheque', 'cash')),
  bank text NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  closed_on date, closed_at timestamptz,
  total_cents bigint, hash bytea,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT deposit_slip_number_key UNIQUE (organization_id, company_id, sequence),
  FOREIGN KEY (organization_id, company_id) REFERENCES company,
  CONSTRAINT deposit_slip_closed CHECK (status = 'open' OR (closed_on IS NOT NULL AND closed_at IS NOT NULL
    AND total_cents IS NOT NULL AND hash IS NOT NULL))
);
CALL system.govern('deposit_slip');

-- A due date on an invoice's one debt (échelon). Amount and due date are frozen with the invoice; the status moves.
CREATE TABLE instalment (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  dossier_id uuid,
  position integer NOT NULL,
  due_on date NOT NULL,
  amount_cents bigint NOT NULL,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'received', 'deposit_in_progress', 'cashed')),
  deposit_slip_id uuid,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT instalment_position_key UNIQUE (organization_id, invoice_id, position),
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoice,
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, deposit_slip_id) REFERENCES deposit_slip
);
CREATE INDEX instalment_slip ON instalment (organization_id, deposit_slip_id) WHERE deposit_slip_id IS NOT NULL;
CALL system.govern('instalment');

-- Money received. It never changes; what it settles is in payment_allocation, what undoes it in payment_reversal.
CREATE TABLE payment (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  company_id uuid NOT NULL,
  number text NOT NULL, -- proves its book entries; one series per company and year
  dossier_id uuid,
  payer_id uuid,
  auxiliary text NOT NULL, auxiliary_label text NOT NULL, -- the payer's account under 411, as on the day of receipt
  source text NOT NULL CHECK (source IN ('office', 'field')),
  means text NOT NULL CHECK (means IN ('cash', 'cheque', 'card', 'online_card', 'transfer', 'direct_debit')),
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  received_on date NOT NULL,
  received_at timestamptz NOT NULL,
  reference text, bank text, issuer_name text, comment text,
  hash bytea NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT payment_number_key UNIQUE (organization_id, company_id, number),
  FOREIGN KEY (organization_id, company_id) REFERENCES company,
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, payer_id) REFERENCES contact
);
CREATE INDEX payment_dossier ON payment (organization_id, dossier_id);
CREATE INDEX payment_created ON payment (organization_id, created_at, id);
CALL system.govern('payment', verbs => 'SELECT, INSERT');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON payment FOR EACH ROW
EXECUTE FUNCTION system.refuse('a payment is reversed, never changed');

-- Which part of a payment settles which instalment, by VAT rate ({"2000": [incl_tax_cents, vat_cents]}): e-invoicing
-- status 212 and VAT on collection need the split.
CREATE TABLE payment_allocation (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  payment_id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  instalment_id uuid NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  by_vat_rate jsonb NOT NULL,
  allocated_on date NOT NULL,
  reversed_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, payment_id) REFERENCES payment,
  FOREIGN KEY (organization_id, invoice_id) REFERENCES invoice,
  FOREIGN KEY (organization_id, instalment_id) REFERENCES instalment
);
CREATE INDEX payment_allocation_payment ON payment_allocation (organization_id, payment_id);
CREATE INDEX payment_allocation_invoice ON payment_allocation (organization_id, invoice_id);
CREATE INDEX payment_allocation_instalment ON payment_allocation (organization_id, instalment_id);
CALL system.govern('payment_allocation', verbs => 'SELECT, INSERT, UPDATE');

CREATE TABLE payment_reversal (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  payment_id uuid NOT NULL,
  reason text NOT NULL,
  reversed_on date NOT NULL,
  bank_fee_cents bigint NOT NULL DEFAULT 0 CHECK (bank_fee_cents >= 0),
  hash bytea NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT payment_reversal_key UNIQUE (organization_id, payment_id),
  FOREIGN KEY (organization_id, payment_id) REFERENCES payment
);
CALL system.govern('payment_reversal', verbs => 'SELECT, INSERT');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON payment_reversal FOR EACH ROW
EXECUTE FUNCTION system.refuse('a reversal never changes');

-- The payments that a closed slip handed to the bank, whole: a cheque is one thing. Written when the slip closes, so
-- that one that bounces later leaves the slip as it was.
CREATE TABLE deposit_slip_item (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  deposit_slip_id uuid NOT NULL,
  payment_id uuid NOT NULL,
  instalment_id uuid NOT NULL,
  position integer NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT deposit_slip_item_payment_key UNIQUE (organization_id, payment_id),
  FOREIGN KEY (organization_id, deposit_slip_id) REFERENCES deposit_slip,
  FOREIGN KEY (organization_id, payment_id) REFERENCES payment,
  FOREIGN KEY (organization_id, instalment_id) REFERENCES instalment
);
CREATE INDEX deposit_slip_item_slip ON deposit_slip_item (organization_id, deposit_slip_id, position);
CALL system.govern('deposit_slip_item', verbs => 'SELECT, INSERT');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON deposit_slip_item FOR EACH ROW
EXECUTE FUNCTION system.refuse('a closed deposit slip never changes');

-- Book entries; numbers are contiguous per company, fiscal year and journal (FEC, LPF A47 A-1).
CREATE TABLE journal_entry (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  company_id uuid NOT NULL,
  journal text NOT NULL CHECK (journal IN ('VE', 'BQ', 'CA', 'OD')),
  fiscal_year integer NOT NULL,
  number bigint NOT NULL,
  day date NOT NULL,
  piece_reference text NOT NULL,
  piece_day date NOT NULL,
  label text NOT NULL,
  event text NOT NULL,
  source_id uuid NOT NULL,
  dossier_id uuid,
  settled_on date, settled_by text, -- how and when money moved: columns of the FEC on cash basis
  validated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT journal_entry_number_key UNIQUE (organization_id, company_id, fiscal_year, journal, number),
  CONSTRAINT journal_entry_event_key UNIQUE (organization_id, event, source_id),
  FOREIGN KEY (organization_id, company_id) REFERENCES company,
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier
);
CREATE INDEX journal_entry_day ON journal_entry (organization_id, company_id, day);
CALL system.govern('journal_entry', verbs => 'SELECT, INSERT');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON journal_entry FOR EACH ROW
EXECUTE FUNCTION system.refuse('books are corrected by new entries');

CREATE TABLE journal_line (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  entry_id uuid NOT NULL,
  position integer NOT NULL,
  account text NOT NULL, account_label text NOT NULL,
  auxiliary text, auxiliary_label text,
  matching text, -- number of the document whose debt the line opens or settles: lines are lettered by it
  debit_cents bigint NOT NULL DEFAULT 0 CHECK (debit_cents >= 0),
  credit_cents bigint NOT NULL DEFAULT 0 CHECK (credit_cents >= 0),
  letter text, lettered_on date,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, entry_id) REFERENCES journal_entry,
  CONSTRAINT journal_line_side CHECK ((debit_cents = 0) <> (credit_cents = 0))
);
CREATE INDEX journal_line_entry ON journal_line (organization_id, entry_id, position);
CREATE INDEX journal_line_matching ON journal_line (organization_id, matching) WHERE matching IS NOT NULL;
CALL system.govern('journal_line', verbs => 'SELECT, INSERT, UPDATE');

-- Links of the organization's chain of issued documents, in order. content is the canonical text that was hashed with
-- the previous link's hash (CGI 286-I-3° bis: inalterability).
CREATE TABLE chain_link (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  ordinal bigint NOT NULL,
  document_kind text NOT NULL CHECK (document_kind IN ('invoice', 'credit_note', 'payment', 'payment_reversal', 'deposit_slip')),
  document_id uuid NOT NULL,
  content text NOT NULL,
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT chain_link_ordinal_key UNIQUE (organization_id, ordinal),
  CONSTRAINT chain_link_document_key UNIQUE (organization_id, document_kind, document_id)
);
CALL system.govern('chain_link', verbs => 'SELECT, INSERT');
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON chain_link FOR EACH ROW
EXECUTE FUNCTION system.refuse('a link of the chain never changes');

-- An issued invoice is frozen, and with it its lines, VAT and instalments' amounts; only its shelf (archived_at) and
-- an instalment's status move.
CREATE FUNCTION system.freeze_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'issued' THEN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - '{archived_at,version,updated_at}'::text[]
      <> to_jsonb(OLD) - '{archived_at,version,updated_at}'::text[] THEN
      RAISE EXCEPTION 'an issued document never changes' USING ERRCODE = 'CN003';
    END IF;
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION system.freeze_invoice();

CREATE FUNCTION system.freeze_invoice_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  org uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.organization_id ELSE NEW.organization_id END;
  old_invoice uuid := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE OLD.invoice_id END;
  new_invoice uuid := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE NEW.invoice_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM public.invoice i WHERE i.organization_id = org AND i.id IN (old_invoice, new_invoice)
      AND i.status = 'issued') THEN
    IF TG_TABLE_NAME = 'instalment' AND TG_OP = 'UPDATE'
      AND to_jsonb(NEW) - '{status,deposit_slip_id,version,updated_at}'::text[]
        = to_jsonb(OLD) - '{status,deposit_slip_id,version,updated_at}'::text[] THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an issued document never changes' USING ERRCODE = 'CN003';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON invoice_line FOR EACH ROW EXECUTE FUNCTION system.freeze_invoice_part();
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON invoice_vat FOR EACH ROW EXECUTE FUNCTION system.freeze_invoice_part();
CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON instalment FOR EACH ROW EXECUTE FUNCTION system.freeze_invoice_part();

CREATE FUNCTION system.freeze_deposit_slip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'closed' THEN
    RAISE EXCEPTION 'a closed deposit slip never changes' USING ERRCODE = 'CN003';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON deposit_slip FOR EACH ROW EXECUTE FUNCTION system.freeze_deposit_slip();

-- Lettering is the one thing that moves on a book line (LPF A47 A-1: it is not frozen by validation).
CREATE FUNCTION system.freeze_journal_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - '{letter,lettered_on,version,updated_at}'::text[]
    <> to_jsonb(OLD) - '{letter,lettered_on,version,updated_at}'::text[] THEN
    RAISE EXCEPTION 'books are corrected by new entries' USING ERRCODE = 'CN003';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON journal_line FOR EACH ROW EXECUTE FUNCTION system.freeze_journal_line();

-- Every entry balances: checked when the transaction commits.
CREATE FUNCTION system.check_entry_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT coalesce(sum(l.debit_cents - l.credit_cents), 0) FROM public.journal_line l
      WHERE l.organization_id = NEW.organization_id AND l.entry_id = NEW.id) <> 0
    OR NOT EXISTS (SELECT 1 FROM public.journal_line l WHERE l.organization_id = NEW.organization_id AND l.entry_id = NEW.id) THEN
    RAISE EXCEPTION 'entry % does not balance', NEW.number USING ERRCODE = 'CN005';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balance AFTER INSERT ON journal_entry DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION system.check_entry_balance();
