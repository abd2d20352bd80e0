-- Removes entries of a removed ranking, by ascending player id. It locks them in the order in which
-- batches of submissions do.
-- Inputs: $1 ranking number, $2 the player id to begin after, '' for the first, $3 how many.
-- Result: the last player removed; null if fewer were left than should be removed.
WITH removed AS (
  DELETE FROM rostrum.entries e
  USING (SELECT ranking_no, player_id FROM rostrum.entries
         WHERE ranking_no = $1 AND player_id > $2
         ORDER BY player_id
         LIMIT $3
         FOR UPDATE) AS n
  WHERE e.ranking_no = n.ranking_no AND e.player_id = n.player_id
  RETURNING e.player_id
)
SELECT CASE WHEN count(*) >= $3 THEN max(player_id) END AS last_player_id FROM removed
