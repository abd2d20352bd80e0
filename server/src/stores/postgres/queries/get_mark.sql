-- The mark of a ranking's index. Input: $1 ranking number. life_id is null before the first life; doubtful says
-- whether a Redis has gone back in time since that life.
SELECT m.life_id, m.epoch, m.whole, m.settled_revision, EXISTS (
  SELECT 1 FROM rostrum.index_lives own JOIN rostrum.index_lives later ON later.life_no > own.life_no
  WHERE own.life_id = m.life_id AND later.went_back) AS doubtful
FROM rostrum.index_marks m WHERE m.ranking_no = $1
