-- Removes submissions of deleted leaderboards from a range of blocks of every partition: the log has no index
-- by leaderboard, which keeps writing cheap.
-- Inputs: $1 and $2 where the range begins and ends, as `(block,0)`; $3 the leaderboards.
DELETE FROM rostrum.submissions
WHERE ctid >= $1::tid AND ctid < $2::tid AND board_no = ANY ($3)
