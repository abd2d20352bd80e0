-- Notes that a new epoch of a ranking's index serves.
-- Inputs: $1 ranking number, $2 epoch, $3 its revision. Result: nothing.
UPDATE rostrum.rankings SET epoch = $2, settled_revision = $3 WHERE ranking_no = $1
