-- to_time: the time so many microseconds after the beginning of 1970.
CREATE FUNCTION functions.to_time(us bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE
RETURN 'epoch'::timestamptz + us * interval '1 microsecond';
