-- Finds a leaderboard.
-- Input: $1 leaderboard id. Result: one row or none; times in microseconds since 1970.
SELECT leaderboard_id, display_name, aggregation, sort_order, subscore_sort_order,
       metadata::text AS metadata,
       (extract(epoch FROM create_time) * 1000000)::bigint AS create_us,
       (extract(epoch FROM update_time) * 1000000)::bigint AS update_us
FROM rostrum.leaderboards
WHERE leaderboard_id = $1
