-- clock_mark: the high-water mark of the clock. A SELECT from the sequence would cost five times as much.
CREATE FUNCTION functions.clock_mark() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN functions.to_time(pg_sequence_last_value('rostrum.clock'));
