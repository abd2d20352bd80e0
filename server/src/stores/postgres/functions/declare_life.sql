-- declare_life: begins a new life of the index if the present one is still the expected one.
-- Inputs: p_expected the present life as it is expected, null for none; p_redis the Redis server;
--   p_went_back whether that has gone back in time.
-- Result: the present life now.
CREATE FUNCTION functions.declare_life(p_expected uuid, p_redis text, p_went_back boolean)
RETURNS rostrum.index_lives
LANGUAGE plpgsql AS $$
DECLARE
  present rostrum.index_lives;
BEGIN
  PERFORM pg_advisory_xact_lock(748214, 0);
  -- A statement of its own: it sees what was committed before the lock was granted.
  SELECT * INTO present FROM rostrum.index_lives ORDER BY life_no DESC LIMIT 1;
  IF present.life_id IS NOT DISTINCT FROM p_expected THEN
    -- Nobody can have a lease on a life before the first.
    INSERT INTO rostrum.index_lives (redis, ready, went_back)
    VALUES (p_redis, p_expected IS NULL, p_went_back)
    RETURNING * INTO present;
    DELETE FROM rostrum.index_lives WHERE life_no < present.life_no - 10000;
  END IF;
  RETURN present;
END
$$;
