-- How long a statement of this session waits for a lock at the most.
-- Input: $1 the time in milliseconds; 0: as long as the statement may take.
SELECT set_config('lock_timeout', $1::integer::text, false)
