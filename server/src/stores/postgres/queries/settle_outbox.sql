-- Takes note that the index has whole batches; see migrations/0004_outbox.sql for inputs $1 to $6.
-- Result: the rankings of the batches that stay, because another life of the index confirmed them.
SELECT ranking_no FROM rostrum.settle_outbox($1, $2, $3, $4, $5, $6) AS ranking_no
