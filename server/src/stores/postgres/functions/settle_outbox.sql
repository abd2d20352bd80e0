-- settle_outbox: notes that the index has whole batches. Their outbox rows go and, in the same transaction,
-- the settled revisions of their rankings rise: an index that shows at least the settled revision, plus the
-- outbox, is complete.
--
-- Confirmations of another life than that of the mark do not count: such batches stay, and are written
-- again. See `confirms` in domain/index-rules.ts.
--
-- Inputs:
--   p_outbox_ids  the batches
--   p_of, p_ranking_nos, p_lives, p_revisions, p_epochs  one element for each ranking of each batch:
--                 the batch, the ranking, the life that confirmed it, and either the revision at which
--                 the index has the entries or, if no index serves, the epoch that is being built and
--                 was given them (0: none). Removed rankings need none.
-- Result: the rankings of the batches that stay.
CREATE FUNCTION functions.settle_outbox(
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
  -- In key order, because servers settle the same rankings at the same time.
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
