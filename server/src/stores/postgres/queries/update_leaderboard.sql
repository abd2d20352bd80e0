-- Changes a leaderboard; see migrations/0005_change_leaderboards.sql for inputs and result.
SELECT outcome, replaced FROM rostrum.update_leaderboard($1, $2, $3, $4, $5, $6, $7)
