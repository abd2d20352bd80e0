-- How many blocks the largest partition of the submissions has.
SELECT coalesce(max(pg_relation_size(i.inhrelid) / current_setting('block_size')::integer), 0)
       AS blocks
FROM pg_inherits i
WHERE i.inhparent = 'rostrum.submissions'::regclass
