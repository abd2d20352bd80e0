-- Takes the session lock under which one process at a time builds the index of a ranking.
-- Input: $1 ranking number. Result: whether it was free.
SELECT pg_try_advisory_lock(748210, ($1::bigint % 2147483647)::integer) AS locked
