-- A part of the ranked entries of a ranking, by ascending player id.
-- Inputs: $1 ranking number, $2 the player id before the first ('' to begin), $3 how many at the most.
SELECT e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version, e.submissions,
       e.achieved_us, e.update_us, e.display_name, e.metadata::text AS metadata, e.ranked
FROM rostrum.entries e
WHERE e.ranking_no = $1 AND e.player_id > $2 AND e.ranked
ORDER BY e.player_id
LIMIT $3
