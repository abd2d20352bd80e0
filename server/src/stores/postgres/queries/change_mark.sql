-- Changes the mark of a ranking's index, unless another change came first or the life $6 is over.
-- Inputs: $1 ranking number; the mark as it was: $2 life, $3 epoch, $4 whole, $5 settled revision (null:
--   any); and as it should be: $6 life, $7 epoch, $8 whole, $9 settled revision.
-- Result: one row: whether it was changed, and whether the life is the present one.
WITH changed AS (
  UPDATE rostrum.index_marks
  SET life_id = $6, epoch = $7, whole = $8, settled_revision = $9
  WHERE ranking_no = $1 AND life_id IS NOT DISTINCT FROM $2::uuid AND epoch = $3 AND whole = $4
    AND settled_revision = coalesce($5, settled_revision) AND functions.is_present_life($6)
  RETURNING ranking_no
)
SELECT EXISTS (SELECT 1 FROM changed) AS changed, functions.is_present_life($6) AS is_present
