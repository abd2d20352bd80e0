-- Removes entries of a removed ranking, by ascending player id. Locks them in the order in which
-- batches of submissions do.
-- Inputs: $1 ranking number, $2 the player id to begin after, '' for the first, $3 how many.
-- Result: how many were removed and the last player of them, null if there were none.
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
SELECT count(*)::integer AS removed, max(player_id) AS last_player_id FROM removed
