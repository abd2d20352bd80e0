-- Gives back the session lock of lock_retention.sql.
SELECT pg_advisory_unlock(748213, 0)
