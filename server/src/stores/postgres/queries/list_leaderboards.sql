-- Lists leaderboards by ascending id. Result as of find_leaderboard.sql.
-- Inputs: $1 the id to begin after, '' for the first; $2 how many at the most.
SELECT leaderboard_id, display_name, aggregation, sort_order, subscore_sort_order,
       metadata::text AS metadata,
       functions.to_us(create_time) AS create_us, functions.to_us(update_time) AS update_us
FROM rostrum.leaderboards
WHERE leaderboard_id > $1
ORDER BY leaderboard_id
LIMIT $2
