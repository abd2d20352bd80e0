-- Notes that the functions of this server are in use, and removes those that no server uses; see
-- functions/use_function_set.sql.
-- Inputs: $1 the set of this server; $2 the sets that it found unused before.
SELECT name FROM functions.use_function_set($1, $2)
