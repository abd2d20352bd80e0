-- Has the session end when nothing comes from its client for some time. Its locks are free then.
-- Input: $1 the time in milliseconds; 0: never.
SELECT set_config('idle_session_timeout', $1::integer::text, false)
