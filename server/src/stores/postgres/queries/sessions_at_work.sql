-- Which sessions are at work: not idle, and not waiting for their client in the middle of a statement.
-- What PostgreSQL does not tell, as with track_activities off, counts as work.
-- Input: $1 text[] the names of sessions (application_name).
-- Result: one row: `self` the name of the session that asks, `at_work` those that are.
SELECT current_setting('application_name') AS self,
       ARRAY(
         SELECT application_name
         FROM pg_stat_activity
         WHERE application_name = ANY($1)
           AND (state LIKE 'idle%' OR wait_event_type = 'Client') IS NOT TRUE
       ) AS at_work
