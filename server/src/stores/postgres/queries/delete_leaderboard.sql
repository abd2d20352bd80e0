-- Deletes a leaderboard; see functions/delete_leaderboard.sql.
-- Input: $1 leaderboard id. Result: the numbers of its rankings; null if there is none with this id.
SELECT functions.delete_leaderboard($1) AS ranking_nos
