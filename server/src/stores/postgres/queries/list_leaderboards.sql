-- Lists leaderboards by ascending id.
-- Inputs: $1 the id to begin after, '' for the first; $2 how many at the most.
-- Result: as of find_leaderboard.sql.
SELECT leaderboard_id, display_name, aggregation, sort_order, subscore_sort_order,
       metadata::text AS metadata,
       (extract(epoch FROM create_time) * 1000000)::bigint AS create_us,
       (extract(epoch FROM update_time) * 1000000)::bigint AS update_us
FROM rostrum.leaderboards
WHERE leaderboard_id > $1
ORDER BY leaderboard_id
LIMIT $2
