-- How many entries are ranked in a ranking, at most $2. Input: $1 ranking number.
SELECT count(*) AS count FROM (SELECT FROM rostrum.entries WHERE ranking_no = $1 AND ranked LIMIT $2) AS e
