-- Which sessions are at work: neither idle, nor waiting for their client in the middle of a statement. An
-- unknown state, as with track_activities off, counts as work.
-- Input: $1 text[] the names of sessions (application_name).
-- Result: one row: `self` the name of the asking session, `at_work` those that are.
SELECT current_setting('application_name') AS self,
       ARRAY(
         SELECT application_name
         FROM pg_stat_activity
         WHERE application_name = ANY($1)
           AND (state LIKE 'idle%' OR wait_event_type = 'Client') IS NOT TRUE
       ) AS at_work
