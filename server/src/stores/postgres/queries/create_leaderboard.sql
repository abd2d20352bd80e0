-- Makes a leaderboard: see functions/create_leaderboard.sql.
SELECT functions.create_leaderboard($1, $2, $3, $4, $5, $6) AS created
