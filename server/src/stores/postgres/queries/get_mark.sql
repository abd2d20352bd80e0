-- What is known of the index of a ranking.
-- Input: $1 ranking number. Result: one row or none.
SELECT epoch, settled_revision FROM rostrum.rankings WHERE ranking_no = $1
