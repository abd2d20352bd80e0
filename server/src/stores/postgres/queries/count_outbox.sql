-- How many batches are in the outbox.
SELECT count(*) AS count FROM rostrum.outbox
