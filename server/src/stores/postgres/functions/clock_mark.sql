-- clock_mark: the high-water mark of the clock.
--
-- By the function behind the view pg_sequences: a SELECT from a sequence costs five times as much.
CREATE FUNCTION functions.clock_mark() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN functions.to_time(pg_sequence_last_value('rostrum.clock'));
