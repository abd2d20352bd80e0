-- The numbers of purges, oldest first. Input: $1 how many at the most.
SELECT purge_no FROM rostrum.purges ORDER BY purge_no LIMIT $1
