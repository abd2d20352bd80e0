-- The mark of a ranking's index. Input: $1 ranking number. life_id is null before the first life.
SELECT life_id, epoch, whole, settled_revision FROM rostrum.index_marks WHERE ranking_no = $1
