-- Takes note that the index has whole batches; see migrations/0004_outbox.sql for inputs $1 to $5.
-- Result: the rankings of the batches that stay, because they were confirmed in an epoch that is over.
SELECT ranking_no FROM rostrum.settle_outbox($1, $2, $3, $4, $5) AS ranking_no
