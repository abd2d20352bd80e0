-- What is to be purged.
-- Input: $1 the numbers of purges.
-- Result: oldest first; board_no is null where the leaderboard goes on and only rankings of it are gone.
SELECT purge_no, board_no, ranking_nos
FROM rostrum.purges
WHERE purge_no = ANY ($1)
ORDER BY purge_no
