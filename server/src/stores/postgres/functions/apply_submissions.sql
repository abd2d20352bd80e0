-- apply_submissions: records a batch of submissions and updates the entries, in one round trip and one
-- transaction. One statement records all submissions that update an entry, which is nearly all of them;
-- a loop takes the rest.
--
-- Inputs, one element per submission and ranking that it counts in (at most 4,096), sorted by ranking,
-- player (by bytes), arrival:
--   p_ords            its number in the order of arrival, from 1
--   p_ranking_nos     the ranking
--   p_board_nos       the leaderboard of the ranking
--   p_player_ids      the player
--   p_submission_ids  the idempotency key; no (leaderboard, player, key) of two submissions in one batch
--   p_scores, p_subscores  finite, within ±(2^53 - 1)
--   p_client_us       client time in microseconds since 1970; null if none was given
--   p_display_names   the player's new name; empty: unchanged
--   p_metadata        jsonb as text; null if none was given
--   p_alone           whether it is the only one of its player and ranking in the batch
--   p_first_ords      the ord of its submission in the first of several rankings; null if it counts in
--                     one only; null for all if all do
-- and
--   p_idempotency     how far back submission ids are recognised
--   p_lock            whether to lock the entries first: for a batch that conflicted before
--
-- Result: a functions.applied for each element, in no particular order.
--
-- A submission that counts in several rankings is logged once, with its outcome in the first of them. It is
-- recorded in all of them or in none: if one of them is gone, or a sum would leave its range, the batch
-- fails with 22R01 and changes nothing. Send it again without the submissions that the detail names (a
-- JSON object, from p_first_ords to outcomes).
--
-- The statement takes submissions that are alone, no repetition, count for an existing entry and give no
-- new name. The loop reads and folds the others one after the other, and writes the entries only if they
-- still have the versions that it read. A batch fails with serialization_failure or unique_violation and
-- changes nothing if another transaction changed one of its entries, made a player's first entry, recorded
-- one of its submission ids, or is removing a ranking that gets new entries. Send it again with locks.
--
-- Versions of an entry only grow, because an entry is written only if its version is below the block. Of
-- two scores, the one acknowledged before the other was submitted has the lower version.
--
-- Everyone locks entries by ascending key, and while a batch holds those of the statement, the loop does
-- not wait for others. Two servers that make the same first entries can still deadlock; PostgreSQL ends one
-- of them after deadlock_timeout, and the batch is sent again with locks.
--
-- Plans are made once per connection, when tables may still be empty. The settings and OFFSET 0 make them
-- go from each submission to the indexes, and never through whole tables. The loop runs few expressions,
-- because each is prepared once per transaction. The rules of aggregation are those of fold.sql.

CREATE TYPE functions.applied AS (
  ord            integer, -- which element
  -- rostrum.v1.Outcome; or -1: no such ranking, -2: the sum would leave ±(2^53 - 1). Then nothing was
  -- recorded and the attributes after `replayed` are null.
  outcome        smallint,
  replayed       boolean, -- whether the answer is that of an earlier, equal submission
  previous_score float8, -- null for a first entry
  previous_version bigint, -- of the entry before this submission; null for a first entry
  -- The batch's version block. If it changed entries, rostrum.outbox has a row with this id.
  block          bigint,
  -- The entry after this submission; for a replay: as it is now. Its version is block + ord if this
  -- submission changed it last.
  score          float8,
  subscore       float8,
  reached        bigint,
  version        bigint,
  submissions    integer,
  achieved_us    bigint,
  update_us      bigint,
  display_name   text,
  metadata       jsonb,
  ranked         boolean -- false: the player left the ranking, which submissions do not change
);

-- A row of rostrum.submissions; see functions.entry.
CREATE TYPE functions.logged AS (
  board_no       bigint,
  season_no      bigint,
  player_id      text,
  submission_id  text,
  accept_time    timestamptz,
  version        bigint,
  score          float8,
  subscore       float8,
  client_us      bigint,
  outcome        smallint,
  previous_score float8,
  segments       jsonb,
  metadata       jsonb
);

-- Whether batches that are under way may have begun in another month: their statement_timeout is far
-- below five minutes.
CREATE FUNCTION functions.is_month_young(now timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE
RETURN now < functions.to_time(pg_sequence_last_value('rostrum.clock_entered_month'))
             + interval '5 minutes';

CREATE FUNCTION functions.apply_submissions(
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
  p_alone boolean[],
  p_idempotency interval,
  p_lock boolean,
  p_first_ords integer[] DEFAULT NULL
) RETURNS SETOF functions.applied
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
SET enable_material = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  v_mark timestamptz := functions.clock_mark();
  v_now_us bigint;
  -- Submissions after the one and before the other are recognised.
  v_recognised timestamptz;
  v_ahead timestamptz;
  v_block bigint;
  n_updated integer := 0; -- how many elements the statement recorded
  r record;
  -- The season and the settings of the ranking that is being folded.
  of_ranking bigint := -1;
  board record;
  -- The entry that is being folded, its version as it was read (null for a first entry), and where it goes
  -- in `inserts` or `updates`.
  s functions.entry;
  read_version bigint;
  slot integer;
  folded functions.folded;
  n_outcome smallint;
  n_previous float8;
  n_previous_version bigint;
  n_replayed boolean;
  updates functions.entry[] := '{}';
  read_versions bigint[] := '{}';
  inserts functions.entry[] := '{}';
  log functions.logged[] := '{}';
  -- Submissions that count in several rankings, by their first ord, and why they cannot.
  refused jsonb;
  -- Players who were given a name, the names, and the ords.
  named text[] := '{}';
  names text[] := '{}';
  named_ords integer[] := '{}';
  new_in bigint[]; -- rankings that get new entries
  bucket integer;
  written integer;
BEGIN
  -- Most readings are good, and this tells so without a call.
  IF NOT functions.follows_mark(v_now, v_mark) THEN
    v_now := functions.read_clock();
  END IF;
  v_now_us := functions.to_us(v_now);
  -- At least this month, whose unique index refuses repetitions whatever the setting; and what was
  -- recorded while the clock was ahead.
  v_recognised := least(functions.begin_of(p_idempotency, v_now), date_trunc('month', v_now, 'UTC'));
  v_ahead := greatest(v_now, functions.clock_was_set_back_from()) + interval '1 day';

  -- If another server is recording the same submission, the statement may wait for it and go on with the
  -- entry as it is then. Only the index of the month refuses the repetition: so not while the other server
  -- may have recorded it in another month.
  IF NOT p_lock AND NOT functions.is_month_young(v_now) THEN
    v_block := nextval('rostrum.version_blocks');
    RETURN QUERY
      WITH updated AS (
        UPDATE rostrum.entries e
        SET (score, subscore, reached, version, submissions, client_us, achieved_us, update_us,
             metadata) = ROW((functions.fold(
               functions.entry_of(e), ROW(n.aggregation, n.sort_order, n.subscore_sort_order),
               ROW(n.version, n.score, n.subscore, n.client_us, n.metadata), v_now_us)).entry.*)
        FROM (
          SELECT u.*, v_block + u.ord AS version, u.metadata_text::jsonb AS metadata, k.season_no,
                 b.aggregation, b.sort_order, b.subscore_sort_order,
                 -- The entry may not have the player's name yet.
                 u.display_name <> '' AND EXISTS (
                   SELECT 1 FROM rostrum.players p
                   WHERE p.player_id = u.player_id AND p.display_name <> u.display_name
                   OFFSET 0) AS is_rename
          FROM unnest(p_ords, p_ranking_nos, p_board_nos, p_player_ids, p_submission_ids, p_scores,
                      p_subscores, p_client_us, p_display_names, p_metadata, p_alone, p_first_ords)
            AS u (ord, ranking_no, board_no, player_id, submission_id, score, subscore, client_us,
                  display_name, metadata_text, alone, first_ord)
          CROSS JOIN LATERAL (
            SELECT * FROM rostrum.rankings WHERE ranking_no = u.ranking_no OFFSET 0
          ) AS k
          CROSS JOIN LATERAL (
            SELECT * FROM rostrum.leaderboards WHERE board_no = u.board_no OFFSET 0
          ) AS b
          -- CASE, here and below, hides from the planner how selective the conditions are: otherwise one
          -- lookup would seem as expensive as reading an empty table.
          WHERE CASE WHEN u.alone THEN NOT EXISTS (
            SELECT 1 FROM rostrum.submissions l
            WHERE l.board_no = u.board_no AND l.player_id = u.player_id
              AND l.submission_id = u.submission_id
              AND l.accept_time > v_recognised AND l.accept_time < v_ahead
            OFFSET 0) ELSE false END
          OFFSET 0
        ) AS n
        WHERE e.ranking_no = n.ranking_no AND e.player_id = n.player_id AND e.version < v_block
          AND CASE n.display_name WHEN '' THEN true WHEN e.display_name THEN NOT n.is_rename ELSE false END
          AND (functions.fold(
            functions.entry_of(e), ROW(n.aggregation, n.sort_order, n.subscore_sort_order),
            ROW(n.version, n.score, n.subscore, n.client_us, n.metadata), v_now_us)).counts
        RETURNING n.*, old.score AS previous_score, old.version AS previous_version,
          (functions.fold(
            functions.entry_of(old), ROW(n.aggregation, n.sort_order, n.subscore_sort_order),
            ROW(n.version, n.score, n.subscore, n.client_us, n.metadata), v_now_us)).outcome,
          new.score AS new_score, new.subscore AS new_subscore, new.reached, new.submissions,
          new.achieved_us, new.update_us, new.display_name AS player_name, new.metadata AS entry_metadata,
          new.ranked
      ), logged AS (
        INSERT INTO rostrum.submissions
        SELECT board_no, season_no, player_id, submission_id, functions.to_time(update_us), version,
               score, subscore, client_us, outcome, previous_score, NULL, metadata
        FROM updated
        WHERE coalesce(first_ord = ord, true)
      )
      SELECT ord, outcome, false, previous_score, previous_version, v_block, new_score, new_subscore,
             reached, version, submissions, achieved_us, update_us, player_name, entry_metadata, ranked
      FROM updated;
    GET DIAGNOSTICS n_updated = ROW_COUNT;
    IF n_updated = cardinality(p_ords) THEN
      INSERT INTO rostrum.outbox (outbox_id, create_time, ranking_nos, player_ids)
      VALUES (v_block, v_now, p_ranking_nos, p_player_ids);
      RETURN;
    END IF;
  END IF;

  IF p_lock THEN
    -- In key order, so that batches cannot deadlock.
    PERFORM 1
    FROM unnest(p_ranking_nos, p_player_ids) AS u (ranking_no, player_id)
    CROSS JOIN LATERAL (
      SELECT 1 FROM rostrum.entries e
      WHERE e.ranking_no = u.ranking_no AND e.player_id = u.player_id
      FOR NO KEY UPDATE
    ) AS locked;
  END IF;

  -- Under the locks, so it is above all versions that they protect.
  v_block := coalesce(v_block, nextval('rostrum.version_blocks'));
  FOR r IN
    SELECT u.*, e.entry, d.outcome AS d_outcome, d.score AS d_score, d.subscore AS d_subscore,
           d.client_us AS d_client_us, d.previous_score AS d_previous,
           CASE WHEN u.display_name <> '' THEN (
             SELECT p.display_name FROM rostrum.players p WHERE p.player_id = u.player_id
           ) END AS player_name
    FROM unnest(p_ords, p_ranking_nos, p_board_nos, p_player_ids, p_submission_ids, p_scores,
                p_subscores, p_client_us, p_display_names, p_metadata, p_first_ords)
      WITH ORDINALITY AS u (ord, ranking_no, board_no, player_id, submission_id, score, subscore,
                            client_us, display_name, metadata, first_ord, place)
    LEFT JOIN LATERAL (
      SELECT functions.entry_of(e) AS entry FROM rostrum.entries e
      WHERE e.ranking_no = u.ranking_no AND e.player_id = u.player_id
      OFFSET 0
    ) AS e ON true
    LEFT JOIN LATERAL (
      SELECT * FROM rostrum.submissions l
      WHERE l.board_no = u.board_no AND l.player_id = u.player_id
        AND l.submission_id = u.submission_id
        AND l.accept_time > v_recognised AND l.accept_time < v_ahead
        -- Not what the statement logged just now because it took the submission in its first ranking.
        AND l.version - v_block NOT BETWEEN 1 AND 4096
      LIMIT 1
    ) AS d ON true
    -- The statement has recorded the others.
    WHERE coalesce((e.entry).version <> v_block + u.ord, true)
    ORDER BY u.place
  LOOP
    IF r.ranking_no <> of_ranking THEN
      of_ranking := r.ranking_no;
      SELECT g.season_no,
             ROW(b.aggregation, b.sort_order, b.subscore_sort_order)::functions.settings AS settings
      INTO board
      FROM (
        SELECT * FROM rostrum.rankings WHERE ranking_no = of_ranking OFFSET 0
      ) AS g
      CROSS JOIN LATERAL (
        SELECT * FROM rostrum.leaderboards WHERE board_no = g.board_no OFFSET 0
      ) AS b;
    END IF;

    IF s.player_id IS NULL OR r.player_id <> s.player_id OR r.ranking_no <> s.ranking_no THEN
      s := r.entry;
      read_version := s.version;
      slot := 1 + cardinality(CASE WHEN read_version IS NULL THEN inserts ELSE updates END);
      IF read_version > v_block THEN
        RAISE EXCEPTION 'an entry was changed by another transaction' USING ERRCODE = '40001';
      END IF;
      IF read_version IS NULL THEN
        s.ranking_no := r.ranking_no;
        s.player_id := r.player_id;
        s.submissions := 0;
        s.ranked := true;
        s.display_name := coalesce(
          (SELECT p.display_name FROM rostrum.players p WHERE p.player_id = r.player_id), '');
      END IF;
    END IF;

    n_previous := s.score;
    n_previous_version := s.version;
    n_replayed := false;
    IF board.season_no IS NULL THEN
      n_outcome := -1;
    ELSIF r.d_outcome IS NULL THEN
      folded := functions.fold(
        s, board.settings,
        ROW(v_block + r.ord, r.score, r.subscore, r.client_us, r.metadata::jsonb), v_now_us);
      n_outcome := CASE WHEN folded.counts THEN folded.outcome ELSE folded.refusal END;
      IF n_outcome IS NULL THEN
        RAISE EXCEPTION 'the aggregation of ranking % is unknown', of_ranking;
      END IF;
    ELSE
      -- Another server recorded it while the statement took it in other rankings.
      IF r.first_ord IS NOT NULL AND n_updated > 0 AND EXISTS (
        SELECT 1
        FROM unnest(p_ords, p_ranking_nos, p_first_ords) AS u (ord, ranking_no, first_ord)
        CROSS JOIN LATERAL (
          SELECT 1 FROM rostrum.entries e
          WHERE e.ranking_no = u.ranking_no AND e.player_id = r.player_id
            AND e.version = v_block + u.ord
          OFFSET 0
        ) AS taken
        WHERE u.first_ord = r.first_ord
      ) THEN
        RAISE EXCEPTION 'a submission is there already' USING ERRCODE = '40001';
      END IF;
      n_outcome := 4; -- DUPLICATE
      IF r.d_score = r.score AND r.d_subscore = r.subscore
         AND r.d_client_us IS NOT DISTINCT FROM r.client_us THEN
        n_outcome := r.d_outcome;
        n_replayed := true;
        n_previous := r.d_previous;
      END IF;
    END IF;

    IF n_outcome < 0 THEN
      IF r.first_ord IS NULL THEN
        RETURN NEXT ROW(r.ord, n_outcome, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                        NULL, NULL, NULL, NULL)::functions.applied;
      ELSE
        refused := coalesce(refused, '{}') || jsonb_build_object(r.first_ord, n_outcome);
      END IF;
      CONTINUE;
    END IF;

    IF r.d_outcome IS NULL THEN
      IF folded.counts THEN
        s := ROW(s.ranking_no, s.player_id, (folded.entry).score, (folded.entry).subscore,
                 (folded.entry).reached, (folded.entry).version, (folded.entry).submissions,
                 (folded.entry).client_us, (folded.entry).achieved_us, (folded.entry).update_us,
                 s.display_name, (folded.entry).metadata, s.ranked)::functions.entry;
        IF r.display_name <> ''
          AND (r.display_name <> s.display_name OR r.display_name <> r.player_name) THEN
          s.display_name := r.display_name;
          named := named || s.player_id;
          names := names || s.display_name;
          named_ords := named_ords || r.ord;
        END IF;
        IF read_version IS NULL THEN
          inserts[slot] := s;
        ELSE
          updates[slot] := s;
          read_versions[slot] := read_version;
        END IF;
      END IF;
      IF coalesce(r.first_ord = r.ord, true) THEN
        log := log || ROW(r.board_no, board.season_no, r.player_id, r.submission_id,
                          functions.to_time(functions.arrival(s, v_now_us)), v_block + r.ord, r.score,
                          r.subscore, r.client_us, n_outcome, n_previous, NULL,
                          r.metadata)::functions.logged;
      END IF;
    END IF;

    RETURN NEXT ROW(r.ord, n_outcome, n_replayed, n_previous, n_previous_version, v_block, s.score,
                    s.subscore, s.reached, s.version, s.submissions, s.achieved_us, s.update_us,
                    s.display_name, s.metadata, s.ranked)::functions.applied;
  END LOOP;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'submissions cannot count in all of their rankings'
      USING ERRCODE = '22R01', DETAIL = refused::text;
  END IF;

  IF updates <> '{}' THEN
    IF n_updated > 0 THEN
      SELECT count(*) INTO written
      FROM unnest(updates) AS n
      CROSS JOIN LATERAL (
        SELECT 1 FROM rostrum.entries e
        WHERE e.ranking_no = n.ranking_no AND e.player_id = n.player_id
        FOR NO KEY UPDATE SKIP LOCKED
      ) AS locked;
      IF written <> cardinality(updates) THEN
        RAISE EXCEPTION 'an entry is being changed by another transaction' USING ERRCODE = '40001';
      END IF;
    END IF;
    UPDATE rostrum.entries e
    SET score = n.score, subscore = n.subscore, reached = n.reached, version = n.version,
        submissions = n.submissions, client_us = n.client_us, achieved_us = n.achieved_us,
        update_us = n.update_us, display_name = n.display_name, metadata = n.metadata
    FROM (
      SELECT u.*
      FROM unnest(updates, read_versions)
        AS u (ranking_no, player_id, score, subscore, reached, version, submissions, client_us,
              achieved_us, update_us, display_name, metadata, ranked, read_version)
      -- So that the planner begins here.
      CROSS JOIN LATERAL (
        SELECT 1 FROM rostrum.entries p
        WHERE p.ranking_no = u.ranking_no AND p.player_id = u.player_id
        OFFSET 0
      ) AS found
      OFFSET 0
    ) AS n
    WHERE e.ranking_no = n.ranking_no AND e.player_id = n.player_id
      AND e.version = n.read_version;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(updates) THEN
      RAISE EXCEPTION 'an entry was changed by another transaction' USING ERRCODE = '40001';
    END IF;
  END IF;

  IF inserts <> '{}' THEN
    -- These rankings may have been removed since they were read. Under this lock (see lock_rankings.sql)
    -- they stay until the new entries are committed. Updates need no lock: a ranking with entries is
    -- removed only together with them.
    new_in := ARRAY(SELECT DISTINCT n.ranking_no FROM unnest(inserts) AS n);
    FOR bucket IN SELECT DISTINCT n % 64 FROM unnest(new_in) AS n ORDER BY 1 LOOP
      PERFORM pg_advisory_xact_lock_shared(748211, bucket);
    END LOOP;
    IF (SELECT count(*) FROM rostrum.rankings k WHERE k.ranking_no = ANY (new_in))
       <> cardinality(new_in) THEN
      RAISE EXCEPTION 'a ranking was removed by another transaction' USING ERRCODE = '40001';
    END IF;
    INSERT INTO rostrum.entries
      (ranking_no, player_id, score, subscore, reached, version, submissions, client_us, achieved_us,
       update_us, display_name, metadata, ranked)
    SELECT n.* FROM unnest(inserts) AS n ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(inserts) THEN
      RAISE EXCEPTION 'an entry was made by another transaction' USING ERRCODE = '40001';
    END IF;
  END IF;

  -- After the entries and in key order, so that these locks cannot deadlock either. The row of an
  -- existing player is locked even if it stays as it is.
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
      SET display_name = excluded.display_name,
          update_time = greatest(p.update_time, clock_timestamp())
      WHERE excluded.display_name <> '' AND p.display_name <> excluded.display_name;

    -- A given name goes to the player's other entries, and a first entry may have a name that was changed
    -- meanwhile. Under the locks of the players both are seen here.
    INSERT INTO rostrum.renames (player_id)
    SELECT n.player_id
    FROM (SELECT unnest(named) UNION SELECT i.player_id FROM unnest(inserts) AS i) AS n (player_id)
    CROSS JOIN LATERAL (
      SELECT p.display_name FROM rostrum.players p WHERE p.player_id = n.player_id OFFSET 0
    ) AS p
    WHERE EXISTS (
      SELECT 1 FROM rostrum.entries e
      WHERE e.player_id = n.player_id AND e.display_name <> p.display_name
      OFFSET 0);
  END IF;

  IF n_updated > 0 OR updates <> '{}' OR inserts <> '{}' THEN
    INSERT INTO rostrum.outbox (outbox_id, create_time, ranking_nos, player_ids)
    VALUES (v_block, v_now, p_ranking_nos, p_player_ids);
  END IF;

  IF log <> '{}' THEN
    INSERT INTO rostrum.submissions
      (board_no, season_no, player_id, submission_id, accept_time, version, score, subscore, client_us,
       outcome, previous_score, segments, metadata)
    SELECT l.* FROM unnest(log) AS l;
  END IF;
END
$$;
