-- Batches that the index may lack, by ascending id.
-- Inputs: $1 the id to begin after, $2 the last id, $3 how many at the most.
SELECT outbox_id, ranking_nos, player_ids
FROM rostrum.outbox
WHERE outbox_id > $1 AND outbox_id <= $2
ORDER BY outbox_id
LIMIT $3
