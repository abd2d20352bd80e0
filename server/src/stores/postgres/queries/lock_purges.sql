-- Takes the session lock under which one process at a time purges. Result: whether it was free.
SELECT pg_try_advisory_lock(748212, 0) AS locked
