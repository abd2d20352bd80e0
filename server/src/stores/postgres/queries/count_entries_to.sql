-- How many entries are ranked in a ranking, counted up to a limit. Inputs: $1 ranking number; $2 the limit.
SELECT count(*) AS count FROM (SELECT FROM rostrum.entries WHERE ranking_no = $1 AND ranked LIMIT $2) AS e
