-- What somebody on site asked to be sent by mail: the receipt to the payer, the signed order to whoever ordered.
CREATE TABLE mission_delivery (
  organization_id uuid NOT NULL REFERENCES organization,
  id uuid NOT NULL,
  dossier_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('receipt', 'order_copy')),
  contact_id uuid,
  email text,
  state text NOT NULL CHECK (state IN ('no_address', 'waiting', 'sent', 'failed')),
  sent_at timestamptz,
  failure text,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (organization_id, id),
  CONSTRAINT mission_delivery_key UNIQUE (organization_id, dossier_id, kind),
  FOREIGN KEY (organization_id, dossier_id) REFERENCES dossier,
  FOREIGN KEY (organization_id, contact_id) REFERENCES contact
);
CREATE INDEX mission_delivery_state ON mission_delivery (organization_id, state) WHERE state IN ('no_address', 'waiting');
CALL system.govern('mission_delivery');
