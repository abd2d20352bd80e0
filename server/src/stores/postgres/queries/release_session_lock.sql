-- Releases a session lock. Inputs: $1 and $2 its numbers.
SELECT pg_advisory_unlock($1::integer, $2::integer)
