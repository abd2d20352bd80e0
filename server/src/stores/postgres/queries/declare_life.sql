-- Begins a new life of the index: see functions/declare_life.sql.
SELECT life_id, redis, ready FROM functions.declare_life($1, $2, $3)
