-- Gives back the lock of lock_build.sql.
-- Input: $1 ranking number. Result: nothing of interest.
SELECT pg_advisory_unlock(748210, ($1::bigint % 2147483647)::integer)
