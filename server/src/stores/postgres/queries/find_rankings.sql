-- Finds rankings. Input: $1 their numbers. Result: a row for each that exists.
SELECT k.ranking_no, k.board_no, k.season_no, b.leaderboard_id, b.aggregation, b.sort_order,
       b.subscore_sort_order
FROM rostrum.rankings k
JOIN rostrum.leaderboards b ON b.board_no = k.board_no
WHERE k.ranking_no = ANY ($1)
