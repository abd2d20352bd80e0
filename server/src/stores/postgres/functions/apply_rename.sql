-- apply_rename: copies the new name of one player to up to a hundred of that player's entries, and puts
-- these into the outbox. Called again, it goes on with the rest. Result: whether there was a player to rename.
--
-- One player per transaction, so that entries are locked by ascending ranking, as batches of submissions
-- lock them. A hundred entries, so that batches that wait for one of them wait for milliseconds.
CREATE FUNCTION functions.apply_rename() RETURNS boolean
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  v_rename_no bigint;
  v_player text;
  v_name text;
  v_block bigint;
  v_locked bigint[];
  v_rankings bigint[] := '{}';
  v_ranking bigint;
BEGIN
  SELECT r.rename_no, r.player_id INTO v_rename_no, v_player
  FROM rostrum.renames r ORDER BY r.rename_no LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF v_player IS NULL THEN
    RETURN false;
  END IF;
  SELECT p.display_name INTO v_name FROM rostrum.players p WHERE p.player_id = v_player;
  v_locked := ARRAY(
    SELECT n.ranking_no FROM rostrum.entries n
    WHERE n.player_id = v_player AND n.display_name <> v_name
    ORDER BY n.ranking_no
    LIMIT 100
    FOR NO KEY UPDATE);
  -- The name is read under these locks: whoever changes it later either has yet to change an entry, or
  -- finds one without the new name and asks for another turn.
  SELECT p.display_name INTO v_name FROM rostrum.players p WHERE p.player_id = v_player;
  FOREACH v_ranking IN ARRAY v_locked LOOP
    v_block := nextval('rostrum.version_blocks');
    UPDATE rostrum.entries SET display_name = v_name, version = v_block
    WHERE ranking_no = v_ranking AND player_id = v_player AND display_name <> v_name;
    IF FOUND THEN
      v_rankings := v_rankings || v_ranking;
    END IF;
  END LOOP;
  IF v_rankings <> '{}' THEN
    INSERT INTO rostrum.outbox (outbox_id, create_time, ranking_nos, player_ids)
    VALUES (v_block, clock_timestamp(), v_rankings,
            array_fill(v_player, ARRAY[cardinality(v_rankings)]));
  END IF;
  IF cardinality(v_locked) < 100 THEN
    DELETE FROM rostrum.renames WHERE rename_no = v_rename_no;
  END IF;
  RETURN true;
END
$$;
