-- How many entries a ranking has. Input: $1 ranking number.
SELECT count(*) AS count FROM rostrum.entries WHERE ranking_no = $1
