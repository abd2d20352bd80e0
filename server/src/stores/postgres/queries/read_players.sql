-- Some players' places in a ranking, from the store of record, in one pass over it.
-- Inputs: $1 ranking number; $2 and $3 factors as for read_range.sql; $4 player ids.
-- Result: total on every row; one row without an entry if none of the players has one.
SELECT t.total, p.*
FROM (SELECT count(*) AS total FROM rostrum.entries WHERE ranking_no = $1) AS t
LEFT JOIN (
  SELECT r.rank, e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version,
         e.submissions, e.achieved_us, e.update_us, e.display_name, e.metadata::text AS metadata
  FROM (
    SELECT player_id,
           row_number() OVER (ORDER BY score * $2::float8, subscore * $3::float8, reached) AS rank
    FROM rostrum.entries WHERE ranking_no = $1
  ) AS r
  JOIN rostrum.entries e ON e.ranking_no = $1 AND e.player_id = r.player_id
  WHERE r.player_id = ANY ($4)
) AS p ON true
ORDER BY p.rank
