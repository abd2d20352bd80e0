-- What is known of the index of a ranking.
-- Input: $1 ranking number. Result: one row or none; life_id is null before the first.
SELECT life_id, epoch, whole, settled_revision FROM rostrum.index_marks WHERE ranking_no = $1
