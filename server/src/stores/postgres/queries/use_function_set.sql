-- Notes that a set of functions is in use: see functions/use_function_set.sql.
SELECT name FROM functions.use_function_set($1, $2)
