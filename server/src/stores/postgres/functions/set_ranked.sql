-- set_ranked: lets a player leave a ranking, or return to the place of the score. The entry is kept and
-- goes on taking submissions. (If it were deleted, a batch that began earlier could make it anew with a
-- version below that of the leaving.)
--
-- Input: p_ranked whether the player should be ranked.
-- Result: the batch in the outbox that tells the index; null if nothing was changed.
CREATE FUNCTION functions.set_ranked(p_ranking_no bigint, p_player_id text, p_ranked boolean)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_block bigint;
BEGIN
  PERFORM 1 FROM rostrum.entries
  WHERE ranking_no = p_ranking_no AND player_id = p_player_id AND ranked <> p_ranked
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  -- Under the lock, so that versions of the entry only grow.
  v_block := nextval('rostrum.version_blocks');
  UPDATE rostrum.entries SET ranked = p_ranked, version = v_block
  WHERE ranking_no = p_ranking_no AND player_id = p_player_id;
  INSERT INTO rostrum.outbox (outbox_id, create_time, ranking_nos, player_ids)
  VALUES (v_block, clock_timestamp(), ARRAY[p_ranking_no], ARRAY[p_player_id]);
  RETURN v_block;
END
$$;
