-- How many entries of a ranking stand above each of some points of its order, by one pass over it.
--
-- Scores and subscores are multiplied by factors, 1 or -1, that make lower better. The steps of an entry are
-- how many of the given scores are as good or better and, if its score is one of them, the same for its
-- subscore and reached. The entries above a point are those with lower steps than the point has.
--
-- Inputs, the last five made by points.ts: $1 ranking number; $2 and $3 the factors of scores and subscores;
--   $4 to $6 scores, subscores and reached, with the factors applied, ascending without repetition; $7 and
--   $8 the steps of the points: by score, and by subscore and reached.
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
