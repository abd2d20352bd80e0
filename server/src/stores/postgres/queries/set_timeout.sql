-- Sets a timeout for the rest of the session. Inputs: $1 the setting, $2 milliseconds; 0: no timeout.
SELECT set_config($1, $2::integer::text, false)
