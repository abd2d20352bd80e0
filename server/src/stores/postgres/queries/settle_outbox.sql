-- Notes that the index has whole batches: see functions/settle_outbox.sql.
SELECT ranking_no FROM functions.settle_outbox($1, $2, $3, $4, $5, $6) AS ranking_no
