-- What came too late for one technician is shown to whoever has the mission now: the row and the values, as far as
-- every reader takes them (Sources/ConstatSync/Merge/ParkedOutline.swift). The edit itself stays with the office.

ALTER TABLE parked_edit ADD COLUMN outline jsonb;

CREATE VIEW system.sync_parked_edit WITH (security_invoker = true) AS
  SELECT t.organization_id, t.id, t.version AS row_version, (SELECT row_to_json(f) FROM (SELECT
      t.dossier_id, t.device_id, t.reason, t.outline, t.state, system.wire_instant(t.settled_at) AS settled_at
    ) f) AS fields
  FROM public.parked_edit t;
GRANT SELECT ON system.sync_parked_edit TO constat_app;
