-- What changed in a mission since a version, and among the rows that belong to none, without looking at what else the
-- organization changed.
CREATE INDEX sync_entity_changed ON system.sync_entity (organization_id, dossier_id, version);
DROP INDEX system.sync_entity_dossier;
