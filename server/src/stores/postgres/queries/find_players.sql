-- Entries of players who are ranked in a ranking. Inputs: $1 ranking number, $2 player ids.
SELECT ranking_no, player_id, score, subscore, reached, version, submissions, achieved_us, update_us,
       display_name, metadata::text AS metadata, ranked
FROM rostrum.entries
WHERE ranking_no = $1 AND player_id = ANY ($2::text[]) AND ranked
