-- Scores of random entries of a ranking, with the factor applied, ascending and without repetition; null if
-- none was chosen.
-- Inputs: $1 ranking number; $2 factor of the score as for count_above.sql; $3 the share to choose, up to 1.
SELECT array_agg(DISTINCT score * $2::float8) AS scores
FROM rostrum.entries WHERE ranking_no = $1 AND ranked AND random() < $3::float8
