-- Lets this session read in the order of an index, whatever the planner thinks of it: of a ranking of
-- millions it would else sort all that is left for each part, and reading all would take quadratic time.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off
