-- Takes note that the index has whole batches; see migrations/0004_outbox.sql for inputs $1 to $5.
-- Result: nothing.
SELECT rostrum.settle_outbox($1, $2, $3, $4, $5)
