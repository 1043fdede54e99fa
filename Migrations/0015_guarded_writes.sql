-- Fails as a transaction that lost against another does, to be run again, where a guarded write found its row moved on.
CREATE FUNCTION system.expect(done boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF done IS NOT TRUE THEN
    RAISE EXCEPTION 'a row has moved on' USING ERRCODE = 'serialization_failure';
  END IF;
END $$;
