-- rostrum.declare_life: begins a new life of the index, if the present one is still the one that was
-- expected.
--
-- Inputs: p_expected the present life, null for none; p_redis the Redis server.
-- Result: the present life now.
CREATE FUNCTION rostrum.declare_life(p_expected uuid, p_redis text) RETURNS rostrum.index_lives
LANGUAGE plpgsql AS $$
DECLARE
  present rostrum.index_lives;
BEGIN
  PERFORM pg_advisory_xact_lock(748214, 0);
  -- A statement of its own: it sees what was committed before the lock was granted.
  SELECT * INTO present FROM rostrum.index_lives ORDER BY life_no DESC LIMIT 1;
  IF present.life_id IS NOT DISTINCT FROM p_expected THEN
    -- Nobody can have a lease on a life before the first.
    INSERT INTO rostrum.index_lives (redis, ready) VALUES (p_redis, p_expected IS NULL)
    RETURNING * INTO present;
    DELETE FROM rostrum.index_lives WHERE life_no < present.life_no - 10000;
  END IF;
  RETURN present;
END
$$;

-- rostrum.is_present_life: whether this is the present life of the index.
CREATE FUNCTION rostrum.is_present_life(p_life uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN p_life = (SELECT life_id FROM rostrum.index_lives ORDER BY life_no DESC LIMIT 1);

-- rostrum.settle_outbox: takes note that the index has whole batches.
--
-- The outbox rows go and, in the same transaction, the settled revisions of their rankings rise.
-- So at every moment each change is either covered by a settled revision or named in the outbox:
-- an index that shows at least the settled revision, plus the outbox, is complete.
--
-- What another life of the index confirmed than that of the mark means nothing: such batches stay, and
-- are brought in again. See domain/index-rules.ts, `confirms`.
--
-- Inputs:
--   p_outbox_ids  the batches
--   p_of, p_ranking_nos, p_lives, p_revisions, p_epochs  one element for each ranking of each batch:
--                 the batch, the ranking, the life that confirmed it, and either the revision at which
--                 the index has the entries or, where no index serves, the epoch that is being built
--                 and was given them (0: none is). Rankings that are gone need none.
--
-- Result: the rankings of the batches that stay.
CREATE FUNCTION rostrum.settle_outbox(
  p_outbox_ids bigint[],
  p_of bigint[],
  p_ranking_nos bigint[],
  p_lives uuid[],
  p_revisions bigint[],
  p_epochs bigint[]
) RETURNS SETOF bigint
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
  v_stale bigint[]; -- batches
BEGIN
  -- Servers settle the same rankings at the same time: lock in key order. What is decided below is
  -- decided by the marks as they are under these locks.
  PERFORM 1 FROM rostrum.index_marks
  WHERE ranking_no = ANY (p_ranking_nos)
  ORDER BY ranking_no
  FOR NO KEY UPDATE;

  UPDATE rostrum.index_marks k
  SET settled_revision = s.revision
  FROM (
    SELECT c.ranking_no, c.life_id, max(c.revision) AS revision
    FROM unnest(p_ranking_nos, p_lives, p_revisions) AS c (ranking_no, life_id, revision)
    WHERE c.revision IS NOT NULL
    GROUP BY c.ranking_no, c.life_id
  ) AS s
  WHERE k.ranking_no = s.ranking_no AND k.life_id = s.life_id AND k.whole
    AND k.settled_revision < s.revision;

  v_stale := ARRAY(
    SELECT c.batch
    FROM unnest(p_of, p_ranking_nos, p_lives, p_epochs) AS c (batch, ranking_no, life_id, epoch)
    JOIN rostrum.index_marks k ON k.ranking_no = c.ranking_no
    WHERE NOT (k.life_id IS NOT DISTINCT FROM c.life_id
               AND (c.epoch IS NULL OR NOT k.whole OR k.epoch = c.epoch)));
  DELETE FROM rostrum.outbox
  WHERE outbox_id = ANY (p_outbox_ids) AND NOT outbox_id = ANY (v_stale);
  RETURN QUERY
    SELECT DISTINCT c.ranking_no
    FROM unnest(p_of, p_ranking_nos) AS c (batch, ranking_no)
    WHERE c.batch = ANY (v_stale);
END
$$;

-- rostrum.apply_rename: brings the name of one player into some of that player's entries, and puts the
-- changed entries into the outbox. Called again, it goes on with the rest.
--
-- One player per transaction: entries are then locked by ascending ranking, which is the order in
-- which batches of submissions lock them. And a hundred entries: batches that wait for one of them wait
-- for milliseconds.
--
-- Result: whether there was a player to rename.
CREATE FUNCTION rostrum.apply_rename() RETURNS boolean
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
  -- The name and the versions are taken under these locks: whoever changes the name after that has
  -- yet to change an entry, or finds that one lacks the name and asks for another turn.
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
