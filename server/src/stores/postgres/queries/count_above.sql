-- How many entries of a ranking stand above each of some points of its order, by one pass over it.
--
-- Lower is better once scores and subscores are multiplied by their factors. An entry is counted by
-- its steps: how many of the given scores are as good or better; and if its score is one of those,
-- the same of subscore and of reached. The entries above a point are those of the steps before it.
-- points.ts makes the arrays and tells the steps of each point.
--
-- Inputs: $1 ranking number; $2 and $3 the factors, 1 or -1, by which scores and subscores are
--   multiplied; $4, $5 and $6 scores, subscores and reached, each ascending without repetition, with
--   the factors applied; $7 and $8 the steps of the points: by score, and among those with that score.
-- Result: one row, above: the counts in the order of the points, with commas between them.
WITH counted AS (
  SELECT width_bucket(score * $2::float8, $4::float8[]) AS score_step,
         CASE WHEN score * $2::float8 = ($4::float8[])[width_bucket(score * $2::float8, $4::float8[])]
           THEN width_bucket(subscore * $3::float8, $5::float8[]) * (cardinality($6::float8[]) + 2)
             + CASE WHEN subscore * $3::float8
                           = ($5::float8[])[width_bucket(subscore * $3::float8, $5::float8[])]
                 THEN width_bucket(reached::float8, $6::float8[])
                 ELSE cardinality($6::float8[]) + 1
               END
           ELSE (cardinality($5::float8[]) + 1) * (cardinality($6::float8[]) + 2)
         END AS tie_step,
         count(*) AS entries
  FROM rostrum.entries
  WHERE ranking_no = $1 AND ranked
  GROUP BY 1, 2
), summed AS (
  SELECT point, sum(entries) OVER (ORDER BY score_step, tie_step, point NULLS LAST
                                   ROWS UNBOUNDED PRECEDING) AS above
  FROM (
    SELECT NULL::bigint AS point, score_step, tie_step, entries FROM counted
    UNION ALL
    SELECT ordinality, score_step, tie_step, 0
    FROM unnest($7::integer[], $8::integer[]) WITH ORDINALITY
      AS p (score_step, tie_step, ordinality)
  ) AS steps
)
SELECT string_agg(above::text, ',' ORDER BY point) AS above FROM summed WHERE point IS NOT NULL
