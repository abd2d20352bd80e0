-- Finds a leaderboard. Input: $1 leaderboard id. Times are in microseconds since 1970.
SELECT leaderboard_id, display_name, aggregation, sort_order, subscore_sort_order,
       metadata::text AS metadata,
       functions.to_us(create_time) AS create_us, functions.to_us(update_time) AS update_us
FROM rostrum.leaderboards
WHERE leaderboard_id = $1
