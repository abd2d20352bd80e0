-- begin_of: when a span of time that ends now began. Leaps of the clock do not count if the span reaches
-- back to the last one: a clock that is wrong by months must not make young things old.
CREATE FUNCTION functions.begin_of(span interval, now timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN now - span - CASE
  WHEN now - span < functions.to_time(pg_sequence_last_value('rostrum.clock_leapt_to'))
  THEN functions.to_time(pg_sequence_last_value('rostrum.clock_leapt_to'))
       - functions.to_time(pg_sequence_last_value('rostrum.clock_leapt_from'))
  ELSE interval '0' END;
