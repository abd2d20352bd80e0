-- Ends sessions that were given up, with their transactions and locks.
-- Input: $1 text[] their names (application_name).
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY($1)
