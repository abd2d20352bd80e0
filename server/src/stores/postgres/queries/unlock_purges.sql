-- Gives back the session lock of lock_purges.sql.
SELECT pg_advisory_unlock(748212, 0)
