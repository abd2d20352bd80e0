-- lock_rankings: keeps new entries out of some rankings until the transaction ends, because no entry may
-- appear in a ranking that is being removed.
--
-- Whoever inserts entries holds, to the end of the transaction, a shared advisory lock (748211,
-- ranking_no % 64), and has found the ranking under it; whoever removes rankings holds that lock alone.
-- Advisory locks are granted in the order of asking, so a stream of new entries cannot keep a removal
-- waiting, as it could with row locks. There are 64, to bound what a batch takes of the lock table.
-- Everyone takes them in ascending order, after the locks of entries and before those of rankings.
CREATE FUNCTION functions.lock_rankings(p_ranking_nos bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  bucket integer;
BEGIN
  FOR bucket IN SELECT DISTINCT n % 64 FROM unnest(p_ranking_nos) AS n ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(748211, bucket);
  END LOOP;
END
$$;
