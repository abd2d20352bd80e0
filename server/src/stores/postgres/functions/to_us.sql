-- to_us: microseconds since 1970.
CREATE FUNCTION functions.to_us(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN (extract(epoch FROM at) * 1000000)::bigint;
