-- Lists go newest first, page after page: without their order in an index each page sorted the whole organization, which
-- an accountant's software that pulls all entries paid on every page.
CREATE INDEX journal_entry_created ON journal_entry (organization_id, created_at, id);
CREATE INDEX instalment_created ON instalment (organization_id, created_at, id);
CREATE INDEX building_created ON building (organization_id, created_at, id);
