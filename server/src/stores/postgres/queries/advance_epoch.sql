-- Moves a ranking's index to a new epoch, unless it was changed since it was looked at.
-- Inputs: $1 ranking number, $2 epoch and $3 settled revision as they were, $4 the new epoch.
-- Result: one row if it was moved.
UPDATE rostrum.rankings SET epoch = $4
WHERE ranking_no = $1 AND epoch = $2 AND settled_revision = $3
RETURNING ranking_no
