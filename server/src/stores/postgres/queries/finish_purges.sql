-- Notes that purges are complete. Input: $1 their numbers.
DELETE FROM rostrum.purges WHERE purge_no = ANY ($1)
