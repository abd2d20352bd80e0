-- Makes a leaderboard with its first season and the ranking of its whole board.
-- Inputs: $1 leaderboard id, $2 display name, $3 aggregation, $4 sort order, $5 subscore sort order,
--   $6 metadata as JSON or null.
-- Result: whether it was made; false if there is one with this id.
SELECT functions.create_leaderboard($1, $2, $3, $4, $5, $6) AS created
