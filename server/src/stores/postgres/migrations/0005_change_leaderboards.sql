-- Changing and deleting leaderboards.
--
-- Servers remember rankings for a moment, with the settings that decide on the order of entries. So
-- a ranking never changes its order: it is replaced by one with another number, and a submission to
-- the old number is told that there is no such ranking, and looks again.
--
-- No entry may appear under the number of a ranking that is being removed. Whoever inserts entries
-- holds, to the end of the transaction, a shared advisory lock (748211, ranking_no % 64), and has
-- found the ranking under it; whoever removes rankings holds that lock alone. Advisory locks are
-- granted in the order of asking, so a stream of new entries cannot keep a removal waiting, as it
-- could with row locks; and 64 of them bound what a batch of many rankings takes of the lock table.
-- Everyone takes them in ascending order, after the locks of entries and before those of rankings.

-- A purge without a leaderboard is of rankings only and leaves the log of submissions alone.
ALTER TABLE rostrum.purges ALTER COLUMN board_no DROP NOT NULL;

-- rostrum.lock_rankings: keeps new entries out of some rankings until the transaction ends.
CREATE FUNCTION rostrum.lock_rankings(p_ranking_nos bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  bucket integer;
BEGIN
  FOR bucket IN SELECT DISTINCT n % 64 FROM unnest(p_ranking_nos) AS n ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(748211, bucket);
  END LOOP;
END
$$;

-- rostrum.update_leaderboard: changes a leaderboard. Null leaves a setting as it is.
--
-- Inputs:
--   p_leaderboard_id
--   p_display_name
--   p_sets_metadata, p_metadata  whether to change the metadata, and to what
--   p_aggregation, p_sort_order
--   p_subscore_sort_order        0: as the sort order
--
-- Result: one row.
--   outcome   0: there is no such leaderboard
--             1: it is as asked for
--             2: it has entries, and their order would change; nothing was changed
--   replaced  the rankings that were replaced and are no more
CREATE FUNCTION rostrum.update_leaderboard(
  p_leaderboard_id text,
  p_display_name text,
  p_sets_metadata boolean,
  p_metadata jsonb,
  p_aggregation smallint,
  p_sort_order smallint,
  p_subscore_sort_order smallint,
  OUT outcome smallint,
  OUT replaced bigint[]
)
LANGUAGE plpgsql AS $$
DECLARE
  present rostrum.leaderboards;
  wanted rostrum.leaderboards;
  gone record;
  new_no bigint;
BEGIN
  outcome := 0;
  replaced := '{}';
  SELECT * INTO present FROM rostrum.leaderboards WHERE leaderboard_id = p_leaderboard_id
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
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
  outcome := 1;
  IF wanted IS NOT DISTINCT FROM present THEN
    RETURN;
  END IF;

  IF (wanted.aggregation, wanted.sort_order, wanted.subscore_sort_order)
     <> (present.aggregation, present.sort_order, present.subscore_sort_order) THEN
    replaced := ARRAY(SELECT k.ranking_no FROM rostrum.rankings k
                      WHERE k.board_no = present.board_no);
    PERFORM rostrum.lock_rankings(replaced);
    -- A statement of its own: it sees what was committed before the lock was granted.
    IF EXISTS (SELECT 1 FROM unnest(replaced) AS n
               WHERE EXISTS (SELECT 1 FROM rostrum.entries e WHERE e.ranking_no = n)) THEN
      outcome := 2;
      replaced := '{}';
      RETURN;
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
      UPDATE rostrum.index_marks
      SET epoch = gone.epoch, settled_revision = gone.settled_revision
      WHERE ranking_no = new_no;
    END LOOP;
    INSERT INTO rostrum.purges (board_no, ranking_nos) VALUES (NULL, replaced);
  END IF;

  UPDATE rostrum.leaderboards SET
    display_name = wanted.display_name, aggregation = wanted.aggregation,
    sort_order = wanted.sort_order, subscore_sort_order = wanted.subscore_sort_order,
    metadata = wanted.metadata, update_time = greatest(update_time, clock_timestamp())
  WHERE board_no = present.board_no;
END
$$;

-- rostrum.delete_leaderboard: deletes a leaderboard with its seasons and rankings, and leaves the
-- removal of their entries and submissions to a purge.
--
-- Result: the rankings that are no more; null if there is no such leaderboard.
CREATE FUNCTION rostrum.delete_leaderboard(p_leaderboard_id text) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
  v_board_no bigint;
  v_ranking_nos bigint[];
BEGIN
  SELECT board_no INTO v_board_no FROM rostrum.leaderboards
  WHERE leaderboard_id = p_leaderboard_id
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  v_ranking_nos := ARRAY(SELECT k.ranking_no FROM rostrum.rankings k
                         WHERE k.board_no = v_board_no);
  PERFORM rostrum.lock_rankings(v_ranking_nos);
  INSERT INTO rostrum.purges (board_no, ranking_nos) VALUES (v_board_no, v_ranking_nos);
  DELETE FROM rostrum.leaderboards WHERE board_no = v_board_no;
  RETURN v_ranking_nos;
END
$$;
