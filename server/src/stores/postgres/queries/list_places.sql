-- Who stands at some places of a ranking, by one pass over it that sorts only the entries near them.
-- Inputs: $1 ranking number; $2 and $3 factors as for count_above.sql; $4 ranges of scores, with the factor
--   applied, that hold these places: the first score of each range and the first behind it, all ascending;
--   $5 how many entries stand above each range; $6 the places: the first of each window and the first
--   behind it, 0-based, all ascending.
SELECT place, player_id
FROM (
  SELECT player_id,
         ($5::bigint[])[(step + 1) / 2] - 1
           + row_number() OVER (PARTITION BY step ORDER BY score, subscore, reached) AS place
  FROM (
    SELECT width_bucket(score * $2::float8, $4::float8[]) AS step, score * $2::float8 AS score,
           subscore * $3::float8 AS subscore, reached, player_id
    FROM rostrum.entries WHERE ranking_no = $1 AND ranked
  ) AS stepped
  WHERE step % 2 = 1
) AS placed
WHERE width_bucket(place, $6::bigint[]) % 2 = 1
ORDER BY place
