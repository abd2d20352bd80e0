-- What is to be purged, oldest first.
-- Inputs: $1 the least age in milliseconds, $2 how many at the most.
-- Result: board_no is null where the leaderboard goes on and only rankings of it are gone.
SELECT purge_no, board_no, ranking_nos
FROM rostrum.purges
WHERE create_time <= clock_timestamp() - make_interval(secs => $1::float8 / 1000)
ORDER BY purge_no
LIMIT $2
