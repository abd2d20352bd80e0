-- How many entries are ranked in a ranking. Input: $1 ranking number.
SELECT count(*) AS count FROM rostrum.entries WHERE ranking_no = $1 AND ranked
