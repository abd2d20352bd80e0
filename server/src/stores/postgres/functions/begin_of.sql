-- begin_of: when a span of time that ends now began, if leaps are left out where the span reaches back
-- to the last one: a clock that is wrong by months does not make old what is young.
CREATE FUNCTION functions.begin_of(span interval, now timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN now - span - CASE
  WHEN now - span < functions.to_time(pg_sequence_last_value('rostrum.clock_leapt_to'))
  THEN functions.to_time(pg_sequence_last_value('rostrum.clock_leapt_to'))
       - functions.to_time(pg_sequence_last_value('rostrum.clock_leapt_from'))
  ELSE interval '0' END;
