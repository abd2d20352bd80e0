-- How many entries stand at a score or better, and how many there are, from the store of record.
-- Inputs: $1 ranking number; $2 factor of the score as for read_range.sql; $3 the score.
SELECT count(*) FILTER (WHERE score * $2::float8 <= $3::float8 * $2::float8) AS place,
       count(*) AS total
FROM rostrum.entries WHERE ranking_no = $1
