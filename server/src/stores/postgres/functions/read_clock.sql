-- read_clock: the time by the clock of PostgreSQL, without its steps back.
--
-- A reading is at most a second below an earlier one, and never in an earlier month. While the clock is
-- behind the mark, time stands still at the mark. A mark that is more than a day ahead is not believed: the
-- clock was wrong and has been corrected. Then time does go back, from clock_set_back_from.
CREATE FUNCTION functions.read_clock() RETURNS timestamptz
LANGUAGE plpgsql
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_mark timestamptz := functions.clock_mark();
  v_before timestamptz;
BEGIN
  IF functions.follows_mark(v_now, v_mark) THEN
    RETURN v_now;
  END IF;
  IF v_mark > v_now AND v_mark <= v_now + interval '1 day' THEN
    RETURN v_mark;
  END IF;
  -- Under a lock, so that the mark only rises. Undoing the block releases the lock early and leaves the
  -- sequences as they are.
  BEGIN
    PERFORM pg_advisory_xact_lock(7482100463);
    v_now := clock_timestamp();
    v_mark := functions.clock_mark();
    v_before := v_mark;
    IF v_mark > v_now + interval '1 day' THEN
      PERFORM setval('rostrum.clock_set_back_from',
                     functions.to_us(greatest(v_mark, functions.clock_was_set_back_from())));
      v_mark := v_now;
    ELSIF v_now > v_mark + interval '7 days' AND v_mark > 'epoch' THEN
      PERFORM
        setval('rostrum.clock_leapt_from',
               functions.to_us(functions.begin_of(interval '31 days', v_mark) + interval '31 days')),
        setval('rostrum.clock_leapt_to', functions.to_us(v_now));
    END IF;
    v_now := greatest(v_now, v_mark);
    IF v_before > 'epoch'
      AND date_trunc('month', v_before, 'UTC') <> date_trunc('month', v_now, 'UTC') THEN
      PERFORM setval('rostrum.clock_entered_month', functions.to_us(v_now));
    END IF;
    PERFORM setval('rostrum.clock', functions.to_us(v_now));
    RAISE EXCEPTION USING ERRCODE = 'RC001';
  EXCEPTION WHEN SQLSTATE 'RC001' THEN
    RETURN v_now;
  END;
END
$$;
