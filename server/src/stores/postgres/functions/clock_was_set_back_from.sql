-- clock_was_set_back_from: the latest time from which the clock was set back; 1970 if it never was.
CREATE FUNCTION functions.clock_was_set_back_from() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN functions.to_time(pg_sequence_last_value('rostrum.clock_set_back_from'));
