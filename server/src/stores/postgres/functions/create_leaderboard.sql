-- create_leaderboard: makes a leaderboard with an open-ended first season and the ranking of its whole
-- board. Returns false, and changes nothing, if there is one with this id.
CREATE FUNCTION functions.create_leaderboard(
  p_leaderboard_id text,
  p_display_name text,
  p_aggregation smallint,
  p_sort_order smallint,
  p_subscore_sort_order smallint,
  p_metadata jsonb
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_board_no bigint;
  v_season_no bigint;
  v_ranking_no bigint;
BEGIN
  INSERT INTO rostrum.leaderboards (leaderboard_id, display_name, aggregation, sort_order,
                                    subscore_sort_order, metadata)
  VALUES (p_leaderboard_id, p_display_name, p_aggregation, p_sort_order, p_subscore_sort_order,
          p_metadata)
  ON CONFLICT (leaderboard_id) DO NOTHING
  RETURNING board_no INTO v_board_no;
  IF v_board_no IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO rostrum.seasons (board_no, season_id) VALUES (v_board_no, '1')
  RETURNING season_no INTO v_season_no;
  INSERT INTO rostrum.rankings (board_no, season_no) VALUES (v_board_no, v_season_no)
  RETURNING ranking_no INTO v_ranking_no;
  INSERT INTO rostrum.index_marks (ranking_no) VALUES (v_ranking_no);
  RETURN true;
END
$$;
