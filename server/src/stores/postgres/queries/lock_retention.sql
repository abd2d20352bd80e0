-- Takes the session lock under which one process at a time drops months. Result: whether it was free.
SELECT pg_try_advisory_lock(748213, 0) AS locked
