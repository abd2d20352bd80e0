-- The numbers of what is to be purged, oldest first.
-- Input: $1 how many at the most.
SELECT purge_no FROM rostrum.purges ORDER BY purge_no LIMIT $1
