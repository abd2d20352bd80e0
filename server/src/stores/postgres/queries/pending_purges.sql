-- Purges that are not complete, oldest first. Input: $1 their numbers.
-- Result: board_no is null if the leaderboard still exists and only rankings of it are gone.
SELECT purge_no, board_no, ranking_nos
FROM rostrum.purges
WHERE purge_no = ANY ($1)
ORDER BY purge_no
