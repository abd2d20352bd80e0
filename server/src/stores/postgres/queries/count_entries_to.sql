-- How many entries a ranking has, counted up to a limit. Inputs: $1 ranking number; $2 the limit.
SELECT count(*) AS count FROM (SELECT FROM rostrum.entries WHERE ranking_no = $1 LIMIT $2) AS e
