-- Makes this session read in the order of an index. Otherwise the planner would sort the rest of a ranking of
-- millions for each part, and reading all of it would take quadratic time.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off
