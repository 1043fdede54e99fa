-- Organizations, the legal entities that invoice, accounts and their credentials.

CREATE TABLE organization (
  organization_id uuid PRIMARY KEY,
  id uuid NOT NULL GENERATED ALWAYS AS (organization_id) STORED,
  slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  name text NOT NULL,
  time_zone text NOT NULL DEFAULT 'Europe/Paris',
  half_day_split text NOT NULL DEFAULT '13:00' CHECK (half_day_split ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  currency text NOT NULL DEFAULT 'EUR',
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL system.govern('organization', verbs => 'SELECT, UPDATE');
CREATE INDEX organization_slug ON organization (slug);

-- A legal entity that issues invoices; an organization with several sites may have several.
CREATE TABLE company (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  siren text NOT NULL CHECK (siren ~ '^[0-9]{9}$'),
  siret text CHECK (siret ~ '^[0-9]{14}$'),
  vat_number text,
  street text, address_complement text, postcode text, city text, country text NOT NULL DEFAULT 'FR',
  iban text, bic text,
  vat_point text NOT NULL DEFAULT 'collection' CHECK (vat_point IN ('collection', 'debit')),
  cheque_bank_entry_at text NOT NULL DEFAULT 'slip_closure' CHECK (cheque_bank_entry_at IN ('slip_closure', 'bank_credit')),
  payment_term_days integer NOT NULL DEFAULT 30 CHECK (payment_term_days BETWEEN 0 AND 120),
  fiscal_year_end text NOT NULL DEFAULT '12-31' CHECK (fiscal_year_end ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
  invoice_prefix text NOT NULL DEFAULT 'F', credit_note_prefix text NOT NULL DEFAULT 'A',
  chart_of_accounts jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
);
CALL system.govern('company', verbs => 'SELECT, INSERT, UPDATE');

-- A person who may sign in: staff with profiles, or the account of a contact.
CREATE TABLE user_account (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('staff', 'client')),
  email text NOT NULL,
  first_name text, last_name text NOT NULL,
  profiles text[] NOT NULL DEFAULT '{}' CHECK (profiles <@
    '{super_admin,admin,office,accountant,sales,technician,canvasser}'::text[]),
  contact_id uuid,
  password_hash text,
  disabled_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT user_account_kind CHECK ((kind = 'staff') = (contact_id IS NULL))
);
CREATE UNIQUE INDEX user_account_email_key ON user_account (organization_id, lower(email));
CREATE INDEX user_account_sign_in ON user_account (lower(email));
CREATE UNIQUE INDEX user_account_contact_key ON user_account (organization_id, contact_id) WHERE contact_id IS NOT NULL;
CALL system.govern('user_account', '{password_hash}');

-- A technician's phone or tablet. last_sequence is the last mutation of its journal that was settled.
CREATE TABLE device (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  technician_id uuid NOT NULL,
  name text NOT NULL,
  platform text NOT NULL DEFAULT 'other',
  secret_hash bytea NOT NULL,
  revoked_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, technician_id) REFERENCES user_account
);
CALL system.govern('device', '{secret_hash}');

-- Long-lived, scoped tokens for other programs (accounting software).
CREATE TABLE api_token (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  name text NOT NULL,
  scopes text[] NOT NULL,
  token_hash bytea NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_by uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, created_by) REFERENCES user_account
);
CREATE UNIQUE INDEX api_token_hash_key ON api_token (organization_id, token_hash);
CALL system.govern('api_token', '{token_hash}');

-- Sign-in sessions. Refresh is idempotent: the parent stays replayable until its successor is first used, so that a
-- phone whose answer was lost is not signed out. network is the part of ip_address that neighbours share.
CREATE TABLE system.session (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  device_id uuid,
  generation integer NOT NULL DEFAULT 0,
  access_hash bytea NOT NULL,
  access_expires_at timestamptz NOT NULL,
  refresh_hash bytea NOT NULL,
  previous_refresh_hash bytea,
  successor_used boolean NOT NULL DEFAULT false,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  ip_address text, network text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX session_access_key ON system.session (organization_id, access_hash);
CREATE INDEX session_account ON system.session (organization_id, account_id);
CALL system.isolate('system.session');
GRANT SELECT, INSERT, UPDATE, DELETE ON system.session TO constat_app;

-- Failed sign-ins per address and per network, for the growing delay. They precede a tenant, so they all belong to the
-- organization of zeros, which does not exist; subjects are hashes.
CREATE TABLE system.sign_in_failure (
  organization_id uuid NOT NULL,
  subject text NOT NULL,
  failures integer NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, subject)
);
CREATE INDEX sign_in_failure_age ON system.sign_in_failure (organization_id, last_at);
CALL system.isolate('system.sign_in_failure');
GRANT SELECT, INSERT, UPDATE, DELETE ON system.sign_in_failure TO constat_app;

-- Who a bearer token stands for; sets the transaction's tenant and actor. No row: the token is unknown, expired,
-- revoked, or its account disabled; nothing is then set that would let a policy match.
CREATE FUNCTION system.authenticate(org uuid, hash bytea, via text)
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
    AND a.disabled_at IS NULL;
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

-- The accounts that an address may sign in to, across organizations: the one look-up that precedes a tenant. familiar:
-- the account has signed in from this network of late.
CREATE FUNCTION system.sign_in_candidates(address text, organization_slug text, from_network text)
RETURNS TABLE (organization_id uuid, account_id uuid, password_hash text, familiar boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.organization_id, a.id, a.password_hash, EXISTS (SELECT 1 FROM system.session s
    WHERE s.organization_id = a.organization_id AND s.account_id = a.id AND s.network = from_network
      AND s.created_at > now() - interval '90 days')
  FROM user_account a JOIN organization o ON o.organization_id = a.organization_id
  WHERE lower(a.email) = lower(address) AND a.disabled_at IS NULL AND a.password_hash IS NOT NULL
    AND (organization_slug IS NULL OR o.slug = organization_slug)
  ORDER BY a.organization_id LIMIT 5 $$;
REVOKE ALL ON FUNCTION system.sign_in_candidates(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION system.sign_in_candidates(text, text, text) TO constat_app;
CREATE POLICY sign_in ON system.session FOR SELECT TO constat_owner USING (true);
CREATE POLICY sign_in ON user_account FOR SELECT TO constat_owner USING (true);
CREATE POLICY sign_in ON organization FOR SELECT TO constat_owner USING (true);

-- Founds an organization: the only write that has no tenant yet. For the operator's commands, not for the API's role.
CREATE FUNCTION system.found_organization(org uuid, slug text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('app.organization_id', org::text, true);
  IF EXISTS (SELECT 1 FROM public.organization o WHERE o.slug = found_organization.slug) THEN
    RAISE EXCEPTION 'slug taken' USING ERRCODE = 'CN004';
  END IF;
  INSERT INTO public.organization (organization_id, slug, name) VALUES (org, slug, name);
END $$;
REVOKE ALL ON FUNCTION system.found_organization(uuid, text, text) FROM PUBLIC;
