-- Deletes a leaderboard: see functions/delete_leaderboard.sql.
SELECT functions.delete_leaderboard($1)
