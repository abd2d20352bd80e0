-- Rows of a small ranking, by sorting it, which is cheaper than the statements of a pass.
-- Inputs: $1 ranking number; $2 and $3 factors as for count_above.sql; $4 player ids; $5 places as $6 of
--   list_places.sql.
-- Result: a row with place and entry for each of the players and places, or one row without them; each has
--   the total.
SELECT t.total, p.place, e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version,
       e.submissions, e.achieved_us, e.update_us, e.display_name, e.metadata::text AS metadata,
       e.ranked
FROM (SELECT count(*) AS total FROM rostrum.entries WHERE ranking_no = $1 AND ranked) AS t
LEFT JOIN (
  SELECT player_id,
         row_number() OVER (ORDER BY score * $2::float8, subscore * $3::float8, reached) - 1 AS place
  FROM rostrum.entries WHERE ranking_no = $1 AND ranked
) AS p ON p.player_id = ANY ($4::text[]) OR width_bucket(p.place, $5::bigint[]) % 2 = 1
LEFT JOIN rostrum.entries e ON e.ranking_no = $1 AND e.player_id = p.player_id
