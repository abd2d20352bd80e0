-- update_leaderboard: changes a leaderboard. Null leaves a setting as it is.
--
-- Servers remember rankings for a moment, with the settings that decide on the order of entries. So a
-- ranking never changes its order. It is replaced by one with another number, and servers that submit to
-- the old number learn that it is gone and look again.
--
-- Inputs: p_sets_metadata  whether to change the metadata
--         p_subscore_sort_order  0: as the sort order
-- Result: 0: there is no such leaderboard
--         1: it is as asked for
--         2: it has entries, and their order would change; nothing was changed
CREATE FUNCTION functions.update_leaderboard(
  p_leaderboard_id text,
  p_display_name text,
  p_sets_metadata boolean,
  p_metadata jsonb,
  p_aggregation smallint,
  p_sort_order smallint,
  p_subscore_sort_order smallint
) RETURNS smallint
LANGUAGE plpgsql AS $$
DECLARE
  present rostrum.leaderboards;
  wanted rostrum.leaderboards;
  replaced bigint[];
  gone record;
  new_no bigint;
BEGIN
  SELECT * INTO present FROM rostrum.leaderboards WHERE leaderboard_id = p_leaderboard_id
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;

  wanted := present;
  wanted.display_name := coalesce(p_display_name, present.display_name);
  wanted.aggregation := coalesce(p_aggregation, present.aggregation);
  wanted.sort_order := coalesce(p_sort_order, present.sort_order);
  wanted.subscore_sort_order := CASE p_subscore_sort_order
    WHEN 0 THEN wanted.sort_order
    ELSE coalesce(p_subscore_sort_order, present.subscore_sort_order)
  END;
  IF p_sets_metadata THEN
    wanted.metadata := p_metadata;
  END IF;
  IF wanted IS NOT DISTINCT FROM present THEN
    RETURN 1;
  END IF;

  IF (wanted.aggregation, wanted.sort_order, wanted.subscore_sort_order)
     <> (present.aggregation, present.sort_order, present.subscore_sort_order) THEN
    replaced := ARRAY(SELECT k.ranking_no FROM rostrum.rankings k
                      WHERE k.board_no = present.board_no);
    PERFORM functions.lock_rankings(replaced);
    -- A statement of its own: it sees what was committed before the lock was granted.
    IF EXISTS (SELECT 1 FROM unnest(replaced) AS n
               WHERE EXISTS (SELECT 1 FROM rostrum.entries e WHERE e.ranking_no = n)) THEN
      RETURN 2;
    END IF;
    -- Epochs and revisions go on, so that whoever watches sees a newer index, not another old one.
    FOR gone IN
      SELECT k.*, m.epoch, m.settled_revision
      FROM rostrum.rankings k JOIN rostrum.index_marks m USING (ranking_no)
      WHERE k.ranking_no = ANY (replaced)
    LOOP
      DELETE FROM rostrum.rankings WHERE ranking_no = gone.ranking_no;
      INSERT INTO rostrum.rankings (board_no, season_no, segment_key, segment_value)
      VALUES (gone.board_no, gone.season_no, gone.segment_key, gone.segment_value)
      RETURNING ranking_no INTO new_no;
      INSERT INTO rostrum.index_marks (ranking_no, epoch, settled_revision)
      VALUES (new_no, gone.epoch, gone.settled_revision);
    END LOOP;
    INSERT INTO rostrum.purges (board_no, ranking_nos) VALUES (NULL, replaced);
  END IF;

  UPDATE rostrum.leaderboards SET
    display_name = wanted.display_name, aggregation = wanted.aggregation,
    sort_order = wanted.sort_order, subscore_sort_order = wanted.subscore_sort_order,
    metadata = wanted.metadata, update_time = greatest(update_time, clock_timestamp())
  WHERE board_no = present.board_no;
  RETURN 1;
END
$$;
