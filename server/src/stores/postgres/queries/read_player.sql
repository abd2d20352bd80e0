-- One player's place in a ranking, from the store of record.
-- Inputs: $1 ranking number; $2 and $3 factors as for read_range.sql; $4 player id.
-- Result: total on every row; one row without an entry if the player has none.
SELECT t.total, p.*
FROM (SELECT count(*) AS total FROM rostrum.entries WHERE ranking_no = $1) AS t
LEFT JOIN (
  SELECT 1 + (SELECT count(*) FROM rostrum.entries o
              WHERE o.ranking_no = $1
                AND (o.score * $2::float8, o.subscore * $3::float8, o.reached)
                  < (e.score * $2::float8, e.subscore * $3::float8, e.reached)) AS rank,
         e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version, e.submissions,
         e.achieved_us, e.update_us, e.display_name, e.metadata::text AS metadata
  FROM rostrum.entries e
  WHERE e.ranking_no = $1 AND e.player_id = $4
) AS p ON true
