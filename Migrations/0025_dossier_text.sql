-- A dossier's own words for the search stand in its summary, and nowhere else: a generated column is computed anew by every
-- update of a table that has a trigger before updates, whatever the update changes.
CREATE FUNCTION system.dossier_text(
  number bigint, internal_reference text, street text, postcode text, city text, notes text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT system.fold(number::text || ' ' || coalesce(internal_reference, '') || ' ' || coalesce(street, '') || ' '
    || coalesce(postcode, '') || ' ' || coalesce(city, '') || ' ' || coalesce(notes, ''))
$$;

CREATE OR REPLACE FUNCTION system.copy_dossier_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE system.dossier_summary s
  SET dossier_text = system.dossier_text(n.number, n.internal_reference, n.street, n.postcode, n.city, n.notes)
  FROM new_rows n WHERE s.organization_id = n.organization_id AND s.dossier_id = n.id;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION system.copy_changed_dossier_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE system.dossier_summary s SET dossier_text =
    system.dossier_text(NEW.number, NEW.internal_reference, NEW.street, NEW.postcode, NEW.city, NEW.notes)
  WHERE s.organization_id = NEW.organization_id AND s.dossier_id = NEW.id;
  RETURN NULL;
END $$;
DROP TRIGGER summary_text_update ON dossier;
CREATE TRIGGER summary_text_update
AFTER UPDATE OF number, internal_reference, street, postcode, city, notes ON dossier FOR EACH ROW
WHEN ((OLD.number, OLD.internal_reference, OLD.street, OLD.postcode, OLD.city, OLD.notes)
  IS DISTINCT FROM (NEW.number, NEW.internal_reference, NEW.street, NEW.postcode, NEW.city, NEW.notes))
EXECUTE FUNCTION system.copy_changed_dossier_text();

ALTER TABLE dossier DROP COLUMN search_text;
