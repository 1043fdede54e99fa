-- What the office sees of a device in trouble: the schema that it speaks, how wrong its clock is, and why its last push
-- was refused whole. No merge depends on any of it.
ALTER TABLE system.device_journal
  ADD COLUMN schema integer,
  ADD COLUMN clock_skew_seconds bigint,
  ADD COLUMN refusal text,
  ADD COLUMN refused_at timestamptz;
