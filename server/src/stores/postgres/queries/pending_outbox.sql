-- Batches that the index may not have, lowest id first. No clock decides: one may step.
-- Inputs: $1 an outbox id to begin after, $2 one to end at, $3 how many at the most.
SELECT outbox_id, ranking_nos, player_ids
FROM rostrum.outbox
WHERE outbox_id > $1 AND outbox_id <= $2
ORDER BY outbox_id
LIMIT $3
