-- Entries that are ranked in a ranking, by ascending player id, as a stream in COPY's binary format. It takes no
-- parameters: the inputs are put into the text, as literals.
-- Inputs: $1 ranking number, $2 the player id before the first ('' to begin), $3 how many at the most.
-- Result: the columns in the order in which entry-copy.ts reads them.
COPY (
  SELECT e.player_id, e.score, e.subscore, e.reached, e.version, e.submissions,
         e.achieved_us, e.update_us, e.display_name, e.metadata::text
  FROM rostrum.entries e
  WHERE e.ranking_no = $1 AND e.player_id > $2 AND e.ranked
  ORDER BY e.player_id
  LIMIT $3
) TO STDOUT (FORMAT binary)
