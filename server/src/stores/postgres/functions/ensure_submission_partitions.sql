-- ensure_submission_partitions: makes the monthly partitions of submissions: last month's, for batches that
-- began in it, this month's, and so on, `months` from this one.
--
-- Servers call it at their start and every hour, months ahead of need, and when the clock stepped so far
-- that a submission finds none. There is no default partition, because every lookup of a submission id
-- would have to search it too.
--
-- Tables are made and then attached, so submissions go on meanwhile.
--
-- The unique index is per partition: together with the version check of the player's entry it is the
-- idempotency key. It begins with the submission id, so that ids that grow with time (the SDK's and the
-- server's) are added at one edge of the index.
CREATE FUNCTION functions.ensure_submission_partitions(months integer) RETURNS void
LANGUAGE plpgsql
SET lock_timeout = '2s'
AS $$
DECLARE
  this_month timestamp := date_trunc('month', functions.read_clock() AT TIME ZONE 'UTC');
  first date;
  name text;
BEGIN
  PERFORM pg_advisory_xact_lock(7482100462); -- servers take turns
  FOR step IN -1..months - 1 LOOP
    first := (this_month + make_interval(months => step))::date;
    name := 'submissions_' || to_char(first, 'YYYYMM');
    CONTINUE WHEN to_regclass('rostrum.' || name) IS NOT NULL;
    EXECUTE format('CREATE TABLE rostrum.%I (LIKE rostrum.submissions INCLUDING DEFAULTS)', name);
    EXECUTE format(
      'CREATE UNIQUE INDEX %I ON rostrum.%I (submission_id, player_id, board_no)',
      name || '_key', name);
    EXECUTE format(
      'ALTER TABLE rostrum.submissions ATTACH PARTITION rostrum.%I FOR VALUES FROM (%L) TO (%L)',
      name, first::timestamp AT TIME ZONE 'UTC',
      (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
  END LOOP;
END
$$;
