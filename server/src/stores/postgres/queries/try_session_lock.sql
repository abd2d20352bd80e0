-- Takes a session lock if it is free. Inputs: $1 and $2 its numbers. Result: whether it was free.
SELECT pg_try_advisory_lock($1::integer, $2::integer) AS locked
