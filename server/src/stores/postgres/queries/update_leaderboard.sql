-- Changes a leaderboard: see functions/update_leaderboard.sql.
SELECT functions.update_leaderboard($1, $2, $3, $4, $5, $6, $7)
