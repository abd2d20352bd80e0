-- rostrum.apply_submissions: records a batch of submissions and brings the entries up to date, in
-- one round trip and one transaction.
--
-- Inputs, one element per submission (at most 4,096), sorted by ranking, player (by bytes), arrival:
--   p_ords            its number in the order of arrival, from 1
--   p_ranking_nos     the ranking
--   p_board_nos       the leaderboard of the ranking
--   p_player_ids      the player
--   p_submission_ids  the idempotency key; no (ranking, player, key) twice in one batch
--   p_scores, p_subscores  finite, within ±2^53
--   p_client_us       client time in microseconds since 1970; null if none was given
--   p_display_names   the player's new name; empty: unchanged
--   p_metadata        jsonb as text; null if none was given
-- and
--   p_idempotency     how far back submission ids are recognised
--   p_lock            whether to lock the entries first: for a batch that conflicted before
--
-- Result: a rostrum.applied for each submission, in no particular order.
--
-- Without locks, entries are read, folded and then written only if their versions are still those
-- that were read. A batch fails with serialization_failure or unique_violation, changes nothing, and
-- is to be sent again with locks, if another transaction changed one of its entries, made a player's
-- first entry, recorded one of its submission ids, or is removing a ranking that gets new entries.
--
-- Versions of an entry only grow: the block is taken after the entries were read, so it is above all
-- versions that were read, and a write succeeds only on what was read. Of two scores, the one
-- acknowledged before the other was submitted has the lower version.
--
-- Plans are made once per connection, when tables may still be empty; the settings keep them on the
-- indexes for ever. The loop runs a few expressions per submission, which is cheap; each expression
-- is also prepared once per transaction, which is why results are made by one.

CREATE TYPE rostrum.applied AS (
  ord            integer, -- which submission
  -- rostrum.v1.Outcome; or -1: no such ranking, -2: the sum would leave ±2^53. Then nothing was
  -- recorded and the other attributes are null.
  outcome        smallint,
  replayed       boolean, -- whether the answer is that of an earlier, equal submission
  previous_score float8, -- null for a first entry
  -- The batch's version block: entries whose version is above it were changed by this batch, and if
  -- there are any, rostrum.outbox has a row with this id.
  block          bigint,
  -- The entry after this submission; for a replay: as it is now.
  score          float8,
  subscore       float8,
  reached        bigint,
  version        bigint,
  submissions    integer,
  achieved_us    bigint,
  update_us      bigint,
  display_name   text,
  metadata       jsonb
);

CREATE FUNCTION rostrum.apply_submissions(
  p_ords integer[],
  p_ranking_nos bigint[],
  p_board_nos bigint[],
  p_player_ids text[],
  p_submission_ids text[],
  p_scores float8[],
  p_subscores float8[],
  p_client_us bigint[],
  p_display_names text[],
  p_metadata text[],
  p_idempotency interval,
  p_lock boolean
) RETURNS SETOF rostrum.applied
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  v_now_us bigint;
  -- At least this month: its unique index refuses a repetition whatever the setting. And a day ahead:
  -- after a failover the clock may be behind the one before.
  v_recognised timestamptz := least(v_now - p_idempotency, date_trunc('month', v_now, 'UTC'));
  v_block bigint;
  r record;
  -- The settings of the ranking that is being folded.
  of_ranking bigint := -1;
  board record;
  -- The entry that is being folded, and its version as it was read.
  s rostrum.entries;
  read_version bigint;
  is_new boolean := false;
  is_dirty boolean := false;
  n_score float8;
  n_subscore float8;
  n_client_us bigint;
  n_outcome smallint;
  n_previous float8;
  n_replayed boolean;
  takes boolean;
  updates rostrum.entries[] := '{}';
  read_versions bigint[] := '{}';
  inserts rostrum.entries[] := '{}';
  log rostrum.submissions[] := '{}';
  -- Players who were given a name, and the names, in the order of the loop; and in which order these
  -- arrived.
  named text[] := '{}';
  names text[] := '{}';
  named_ords integer[] := '{}';
  -- Rankings that get new entries, and the numbers of the locks that keep them from being removed.
  new_in bigint[];
  bucket integer;
  written integer;
BEGIN
  IF p_lock THEN
    -- In key order, so that batches cannot deadlock.
    PERFORM 1 FROM (
      SELECT 1
      FROM unnest(p_ranking_nos, p_player_ids) AS u (ranking_no, player_id)
      JOIN rostrum.entries e ON e.ranking_no = u.ranking_no AND e.player_id = u.player_id
      ORDER BY e.ranking_no, e.player_id
      FOR NO KEY UPDATE OF e
    ) AS locked;
  END IF;

  FOR r IN
    SELECT u.*, e.entry, d.outcome AS d_outcome, d.score AS d_score, d.subscore AS d_subscore,
           d.client_us AS d_client_us, d.previous_score AS d_previous
    FROM unnest(p_ords, p_ranking_nos, p_board_nos, p_player_ids, p_submission_ids, p_scores,
                p_subscores, p_client_us, p_display_names, p_metadata)
      WITH ORDINALITY AS u (ord, ranking_no, board_no, player_id, submission_id, score, subscore,
                            client_us, display_name, metadata, place)
    LEFT JOIN LATERAL (
      SELECT e AS entry FROM rostrum.entries e
      WHERE e.ranking_no = u.ranking_no AND e.player_id = u.player_id
    ) AS e ON true
    LEFT JOIN LATERAL (
      SELECT * FROM rostrum.submissions l
      WHERE l.board_no = u.board_no AND l.player_id = u.player_id
        AND l.submission_id = u.submission_id
        AND l.accept_time > v_recognised AND l.accept_time < v_now + interval '1 day'
      LIMIT 1
    ) AS d ON true
    ORDER BY u.place
  LOOP
    IF r.ranking_no <> of_ranking THEN
      of_ranking := r.ranking_no;
      SELECT g.season_no, b.aggregation,
             CASE b.sort_order WHEN 1 THEN 1 ELSE -1 END AS sign,
             CASE b.subscore_sort_order WHEN 1 THEN 1 ELSE -1 END AS subsign
      INTO board
      FROM rostrum.rankings g JOIN rostrum.leaderboards b ON b.board_no = g.board_no
      WHERE g.ranking_no = of_ranking;
    END IF;
    IF board.season_no IS NULL THEN
      RETURN NEXT ROW(r.ord, -1, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                      NULL)::rostrum.applied;
      CONTINUE;
    END IF;

    IF s.player_id IS NULL OR r.player_id <> s.player_id OR r.ranking_no <> s.ranking_no THEN
      IF is_dirty THEN
        IF is_new THEN
          inserts := inserts || s;
        ELSE
          updates := updates || s;
          read_versions := read_versions || read_version;
        END IF;
        is_dirty := false;
      END IF;
      s := r.entry;
      read_version := s.version;
      is_new := read_version IS NULL;
      IF is_new THEN
        s.ranking_no := r.ranking_no;
        s.player_id := r.player_id;
        s.submissions := 0;
        s.display_name := coalesce(
          (SELECT p.display_name FROM rostrum.players p WHERE p.player_id = r.player_id), '');
      END IF;
    END IF;

    n_previous := s.score;
    n_replayed := false;
    IF r.d_outcome IS NOT NULL THEN
      IF r.d_score = r.score AND r.d_subscore = r.subscore
         AND r.d_client_us IS NOT DISTINCT FROM r.client_us THEN
        n_outcome := r.d_outcome;
        n_replayed := true;
        n_previous := r.d_previous;
      ELSE
        n_outcome := 4; -- DUPLICATE
      END IF;
    ELSE
      IF v_block IS NULL THEN
        v_block := nextval('rostrum.version_blocks');
        v_now := clock_timestamp();
        v_now_us := (extract(epoch FROM v_now) * 1000000)::bigint;
      END IF;
      n_client_us := coalesce(r.client_us, v_now_us);
      n_score := r.score;
      n_subscore := r.subscore;
      IF board.aggregation = 1 THEN -- BEST
        takes := s.submissions = 0 OR board.sign * n_score > board.sign * s.score
          OR (n_score = s.score AND board.subsign * n_subscore > board.subsign * s.subscore);
        n_outcome := CASE WHEN takes THEN 1 ELSE 2 END;
      ELSIF board.aggregation = 2 THEN -- LATEST
        -- Without client times the order of arrival decides, and a batch has one clock reading.
        takes := s.submissions = 0 OR n_client_us > s.client_us
          OR (r.client_us IS NULL AND n_client_us = s.client_us);
        n_outcome := CASE WHEN takes THEN 1 ELSE 3 END;
      ELSIF board.aggregation = 3 THEN -- SUM
        takes := true;
        n_outcome := 1;
        IF s.submissions > 0 THEN
          n_score := s.score + n_score;
          n_subscore := s.subscore + n_subscore;
        END IF;
        -- At the limit itself a sum may be one that was rounded to it: then the way back differs.
        IF abs(n_score) > 9007199254740992 OR abs(n_subscore) > 9007199254740992
          OR (abs(n_score) = 9007199254740992 AND s.submissions > 0
              AND n_score - s.score <> r.score)
          OR (abs(n_subscore) = 9007199254740992 AND s.submissions > 0
              AND n_subscore - s.subscore <> r.subscore) THEN
          RETURN NEXT ROW(r.ord, -2, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                          NULL, NULL)::rostrum.applied;
          CONTINUE;
        END IF;
      ELSE
        RAISE EXCEPTION 'aggregation % is unknown', board.aggregation;
      END IF;
      IF takes THEN
        IF s.submissions = 0 OR n_score <> s.score OR n_subscore <> s.subscore THEN
          s.reached := v_block + r.ord;
          s.achieved_us := v_now_us;
        END IF;
        s.score := n_score;
        s.subscore := n_subscore;
        s.client_us := n_client_us;
        s.metadata := r.metadata;
      END IF;
      IF n_outcome <> 3 THEN
        s.submissions := s.submissions + 1;
        s.version := v_block + r.ord;
        s.update_us := v_now_us;
        IF r.display_name <> '' AND r.display_name <> s.display_name THEN
          s.display_name := r.display_name;
          named := named || s.player_id;
          names := names || s.display_name;
          named_ords := named_ords || r.ord;
        END IF;
        is_dirty := true;
      END IF;
      log := log || ROW(r.board_no, board.season_no, r.player_id, r.submission_id, v_now,
                        v_block + r.ord, r.score, r.subscore, r.client_us, n_outcome, n_previous,
                        NULL, r.metadata)::rostrum.submissions;
    END IF;

    RETURN NEXT ROW(r.ord, n_outcome, n_replayed, n_previous, v_block, s.score, s.subscore,
                    s.reached, s.version, s.submissions, s.achieved_us, s.update_us,
                    s.display_name, s.metadata)::rostrum.applied;
  END LOOP;
  IF is_dirty THEN
    IF is_new THEN
      inserts := inserts || s;
    ELSE
      updates := updates || s;
      read_versions := read_versions || read_version;
    END IF;
  END IF;

  IF updates <> '{}' THEN
    UPDATE rostrum.entries e
    SET score = n.score, subscore = n.subscore, reached = n.reached, version = n.version,
        submissions = n.submissions, client_us = n.client_us, achieved_us = n.achieved_us,
        update_us = n.update_us, display_name = n.display_name, metadata = n.metadata
    FROM unnest(updates, read_versions)
      AS n (ranking_no, player_id, score, subscore, reached, version, submissions, client_us,
            achieved_us, update_us, display_name, metadata, read_version)
    WHERE e.ranking_no = n.ranking_no AND e.player_id = n.player_id
      AND e.version = n.read_version;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(updates) THEN
      RAISE EXCEPTION 'an entry was changed by another transaction' USING ERRCODE = '40001';
    END IF;
  END IF;

  IF inserts <> '{}' THEN
    -- These rankings may have been removed since they were read above. Under this lock (see
    -- 0005_change_leaderboards.sql) they stay until the new entries are committed. Updates need
    -- nothing of the kind: a ranking with entries is removed only together with them.
    new_in := ARRAY(SELECT DISTINCT n.ranking_no FROM unnest(inserts) AS n);
    FOR bucket IN SELECT DISTINCT n % 64 FROM unnest(new_in) AS n ORDER BY 1 LOOP
      PERFORM pg_advisory_xact_lock_shared(748211, bucket);
    END LOOP;
    IF (SELECT count(*) FROM rostrum.rankings k WHERE k.ranking_no = ANY (new_in))
       <> cardinality(new_in) THEN
      RAISE EXCEPTION 'a ranking was removed by another transaction' USING ERRCODE = '40001';
    END IF;
    INSERT INTO rostrum.entries SELECT (n).* FROM unnest(inserts) AS n ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(inserts) THEN
      RAISE EXCEPTION 'an entry was made by another transaction' USING ERRCODE = '40001';
    END IF;
  END IF;

  -- After the entries and in key order, so that these locks cannot deadlock either. The row of an
  -- existing player is locked even where it stays as it is.
  IF inserts <> '{}' OR named <> '{}' THEN
    INSERT INTO rostrum.players AS p (player_id, display_name)
    SELECT n.player_id, (array_agg(n.name ORDER BY n.ord DESC))[1]
    FROM (SELECT g.player_id, g.name, g.ord
          FROM unnest(named, names, named_ords) AS g (player_id, name, ord)
          UNION ALL
          SELECT i.player_id, '', 0 FROM unnest(inserts) AS i) AS n
    GROUP BY n.player_id
    ORDER BY n.player_id COLLATE "C"
    ON CONFLICT (player_id) DO UPDATE
      SET display_name = excluded.display_name, update_time = clock_timestamp()
      WHERE excluded.display_name <> '' AND p.display_name <> excluded.display_name;

    -- A name that is given goes to the player's other entries; a first entry may have taken a name
    -- that was changed meanwhile. Under the locks of the players both are seen here.
    INSERT INTO rostrum.renames (player_id)
    SELECT n.player_id
    FROM (SELECT unnest(named) UNION SELECT i.player_id FROM unnest(inserts) AS i)
      AS n (player_id)
    WHERE EXISTS (SELECT 1 FROM rostrum.entries e JOIN rostrum.players p USING (player_id)
                  WHERE e.player_id = n.player_id AND e.display_name <> p.display_name);
  END IF;

  IF updates <> '{}' OR inserts <> '{}' THEN
    INSERT INTO rostrum.outbox (outbox_id, create_time, ranking_nos, player_ids)
    SELECT v_block, v_now, array_agg(n.ranking_no), array_agg(n.player_id)
    FROM (SELECT ranking_no, player_id FROM unnest(updates)
          UNION ALL SELECT ranking_no, player_id FROM unnest(inserts)) AS n;
  END IF;

  IF log <> '{}' THEN
    INSERT INTO rostrum.submissions SELECT (l).* FROM unnest(log) AS l;
  END IF;
END
$$;
