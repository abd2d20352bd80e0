-- Batches that the index may not have.
-- Inputs: $1 an outbox id to begin after, $2 how many at the most, $3 their least age in milliseconds.
SELECT outbox_id, ranking_nos, player_ids
FROM rostrum.outbox
WHERE outbox_id > $1 AND create_time <= clock_timestamp() - make_interval(secs => $3::float8 / 1000)
ORDER BY outbox_id
LIMIT $2
