-- Notes that a new epoch of a ranking's index serves, unless the epoch was changed meanwhile.
-- Inputs: $1 ranking number, $2 the epoch as it was, $3 the new epoch, $4 its revision.
-- Result: one row if it was noted.
UPDATE rostrum.rankings SET epoch = $3, settled_revision = $4
WHERE ranking_no = $1 AND epoch = $2
RETURNING ranking_no
