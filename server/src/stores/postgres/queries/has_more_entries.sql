-- Whether a ranking has more entries than some number. Inputs: $1 ranking number, $2 the number.
SELECT count(*) > $2 AS has_more
FROM (SELECT 1 FROM rostrum.entries WHERE ranking_no = $1 LIMIT $2::bigint + 1) AS e
