-- Takes note that the index has whole batches; see functions/settle_outbox.sql for inputs $1 to $6.
-- Result: the rankings of the batches that stay, because another life of the index confirmed them.
SELECT ranking_no FROM functions.settle_outbox($1, $2, $3, $4, $5, $6) AS ranking_no
