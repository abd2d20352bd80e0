-- A page of a ranking, from the store of record.
-- Inputs: $1 ranking number; $2 and $3 the factors, 1 or -1, by which scores and subscores are
--   multiplied to put the best first; $4 0-based start; $5 how many.
-- Result: total on every row; one row without an entry if the page is empty.
SELECT t.total, p.*
FROM (SELECT count(*) AS total FROM rostrum.entries WHERE ranking_no = $1) AS t
LEFT JOIN (
  SELECT $4::bigint + row_number() OVER () AS rank, o.*
  FROM (
    SELECT e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version, e.submissions,
           e.achieved_us, e.update_us, e.display_name, e.metadata::text AS metadata
    FROM rostrum.entries e
    WHERE e.ranking_no = $1
    ORDER BY e.score * $2::float8, e.subscore * $3::float8, e.reached
    OFFSET $4 LIMIT $5
  ) AS o
) AS p ON true
ORDER BY p.rank
