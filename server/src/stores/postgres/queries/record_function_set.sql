-- Notes that a set of functions is in use. Input: $1 its name. Result: whether it must be installed. After a
-- restore it may have a row here and be missing, or lack functions that depended on dropped tables, as
-- use_function_set does.
INSERT INTO rostrum.function_sets (name) VALUES ($1)
ON CONFLICT (name) DO UPDATE SET last_use_time = clock_timestamp()
RETURNING to_regproc(name || '.use_function_set') IS NULL AS missing
