-- Begins a new life of the index; see functions/declare_life.sql.
-- Inputs: $1 the present life as it is expected, null for none; $2 the Redis server.
-- Result: the present life.
SELECT life_id, redis, ready FROM functions.declare_life($1, $2)
