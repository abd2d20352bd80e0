-- Begins a new life of the index; see migrations/0004_outbox.sql.
-- Inputs: $1 the present life as it is expected, null for none; $2 the Redis server.
-- Result: the present life.
SELECT life_id, redis, ready FROM rostrum.declare_life($1, $2)
