-- Removes submissions of deleted leaderboards from one range of blocks of every partition. The log
-- has no index by leaderboard, so that writing it stays cheap.
-- Inputs: $1 and $2 where the range begins and ends, as `(block,0)`; $3 the leaderboards.
DELETE FROM rostrum.submissions
WHERE ctid >= $1::tid AND ctid < $2::tid AND board_no = ANY ($3)
