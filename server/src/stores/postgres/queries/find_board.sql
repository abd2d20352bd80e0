-- Finds a leaderboard with the rankings that a submission to it counts in: its whole board in each open season.
-- Input: $1 leaderboard id. Result: a row for each ranking, that of the first season first.
SELECT k.ranking_no, k.board_no, k.season_no, b.leaderboard_id, b.aggregation, b.sort_order,
       b.subscore_sort_order
FROM rostrum.leaderboards b
JOIN rostrum.seasons s ON s.board_no = b.board_no AND s.end_time IS NULL
JOIN rostrum.rankings k ON k.season_no = s.season_no AND k.segment_key = ''
WHERE b.leaderboard_id = $1
ORDER BY k.season_no
