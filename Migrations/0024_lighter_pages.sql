-- Makes system.sync_fields out of the views that there are: the fields of one row as devices see them, NULL when it is
-- gone. A migration that adds a type to the feed, or takes one out, calls it again.
--
-- A statement that spells out the views of all types pays for starting each of them, whether or not a row of that type
-- comes up; what stands behind this function is paid for by the rows that need it.
CREATE PROCEDURE system.make_sync_fields() LANGUAGE plpgsql AS $procedure$
DECLARE
  cases text;
BEGIN
  SELECT string_agg(format(
    E'    WHEN %L THEN RETURN (SELECT v.fields FROM system.%I v WHERE v.organization_id = organization AND v.id = row_id);\n',
    substr(c.relname, 6), c.relname), '' ORDER BY c.relname) INTO cases
  FROM pg_class c WHERE c.relnamespace = 'system'::regnamespace AND c.relkind = 'v' AND c.relname LIKE 'sync\_%';
  EXECUTE format($function$
CREATE OR REPLACE FUNCTION system.sync_fields(row_type text, organization uuid, row_id uuid) RETURNS json
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $body$
BEGIN
  CASE row_type
%s  END CASE;
END $body$ $function$, cases);
END $procedure$;

CALL system.make_sync_fields();

-- Rows of these tables are looked up in numbers, one after the other: their policies read the session's organization once
-- for a statement. For tables of which a statement mostly reads one row that of system.isolate is the cheaper one: it has
-- nothing to start.
DO $$
DECLARE
  relation regclass;
BEGIN
  FOREACH relation IN ARRAY ARRAY['public.appointment', 'public.outbuilding', 'public.dossier_contact', 'public.dossier_diagnostic',
    'public.mission_order', 'public.contact', 'public.building', 'public.module', 'public.dossier']::regclass[]
  LOOP
    EXECUTE format('ALTER POLICY tenant ON %s USING (organization_id = (SELECT system.organization_id()))'
      ' WITH CHECK (organization_id = (SELECT system.organization_id()))', relation);
  END LOOP;
END $$;
