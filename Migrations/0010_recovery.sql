-- What a server and its devices need to find out that they have parted, and to come together again.

-- How often the device held something else than it should have, and when last: for the office to see.
ALTER TABLE system.device_journal ADD COLUMN digest_mismatches integer NOT NULL DEFAULT 0;
ALTER TABLE system.device_journal ADD COLUMN last_mismatch_at timestamptz;
