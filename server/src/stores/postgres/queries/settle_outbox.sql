-- Takes note that the index has whole batches.
-- Inputs: $1 outbox ids; $2 rankings, $3 their epochs, $4 revisions that the index confirmed, one
--   element per ranking.
-- Result: nothing.
SELECT rostrum.settle_outbox($1, $2, $3, $4)
