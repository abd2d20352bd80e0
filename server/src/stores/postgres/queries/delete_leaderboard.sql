-- Deletes a leaderboard; see migrations/0005_change_leaderboards.sql.
-- Input: $1 leaderboard id. Result: the numbers of its rankings; null if there is none with this id.
SELECT rostrum.delete_leaderboard($1) AS ranking_nos
