-- delete_leaderboard: deletes a leaderboard with its seasons and rankings. A purge removes their entries
-- and submissions later. Result: false if there is no such leaderboard.
CREATE FUNCTION functions.delete_leaderboard(p_leaderboard_id text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_board_no bigint;
  v_ranking_nos bigint[];
BEGIN
  SELECT board_no INTO v_board_no FROM rostrum.leaderboards
  WHERE leaderboard_id = p_leaderboard_id
  FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  v_ranking_nos := ARRAY(SELECT k.ranking_no FROM rostrum.rankings k
                         WHERE k.board_no = v_board_no);
  PERFORM functions.lock_rankings(v_ranking_nos);
  INSERT INTO rostrum.purges (board_no, ranking_nos) VALUES (v_board_no, v_ranking_nos);
  DELETE FROM rostrum.leaderboards WHERE board_no = v_board_no;
  RETURN true;
END
$$;
