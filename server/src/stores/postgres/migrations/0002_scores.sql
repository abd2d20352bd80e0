-- The clock, players, the current entry of each player in each ranking, the log of submissions, and
-- the outbox of changes that the index may not have yet.
--
-- Columns ending in _us are microseconds since 1970.

CREATE FUNCTION rostrum.to_us(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN (extract(epoch FROM at) * 1000000)::bigint;

CREATE FUNCTION rostrum.to_time(us bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE
RETURN 'epoch'::timestamptz + us * interval '1 microsecond';

-- High-water marks of the clock, in microseconds since 1970. Sequences, because these are not undone
-- with a transaction, are seen by all at once, and are there after a crash and on a standby.
CREATE SEQUENCE rostrum.clock MINVALUE 0;
-- The latest time from which the clock was set back because it had been wrong.
CREATE SEQUENCE rostrum.clock_set_back_from MINVALUE 0;
-- When it last went ahead by more than a week at once (nothing was recorded for so long, or the clock
-- was wrong before, or is now), and that time less this leap and those of the 31 days before it.
CREATE SEQUENCE rostrum.clock_leapt_from MINVALUE 0;
CREATE SEQUENCE rostrum.clock_leapt_to MINVALUE 0;
-- When it last went into another month, by itself or by a step.
CREATE SEQUENCE rostrum.clock_entered_month MINVALUE 0;
-- A sequence that was never used has no last value.
SELECT setval('rostrum.clock', 0), setval('rostrum.clock_set_back_from', 0),
       setval('rostrum.clock_leapt_from', 0), setval('rostrum.clock_leapt_to', 0),
       setval('rostrum.clock_entered_month', 0);

-- By the function behind the view pg_sequences: a SELECT from a sequence costs five times as much.
CREATE FUNCTION rostrum.clock_mark() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN rostrum.to_time(pg_sequence_last_value('rostrum.clock'));

CREATE FUNCTION rostrum.clock_was_set_back_from() RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN rostrum.to_time(pg_sequence_last_value('rostrum.clock_set_back_from'));

-- Whether batches that are under way may have begun in another month. Their statement_timeout is much
-- shorter than five minutes.
CREATE FUNCTION rostrum.is_month_young(now timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE
RETURN now < rostrum.to_time(pg_sequence_last_value('rostrum.clock_entered_month'))
             + interval '5 minutes';

-- When a span of time that ends now began, if leaps are left out where the span reaches back to the last
-- one: a clock that is wrong by months does not make old what is young.
CREATE FUNCTION rostrum.begin_of(span interval, now timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE
RETURN now - span - CASE
  WHEN now - span < rostrum.to_time(pg_sequence_last_value('rostrum.clock_leapt_to'))
  THEN rostrum.to_time(pg_sequence_last_value('rostrum.clock_leapt_to'))
       - rostrum.to_time(pg_sequence_last_value('rostrum.clock_leapt_from'))
  ELSE interval '0' END;

-- Whether a reading of the clock is good as it is: not below the mark, and not so far above it that
-- the mark is to be raised.
CREATE FUNCTION rostrum.follows_mark(now timestamptz, mark timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN now >= mark AND now < mark + interval '1 second'
  AND now < date_trunc('month', mark, 'UTC') + interval '1 month';

-- rostrum.read_clock: the time by the clock of PostgreSQL, which does not follow its steps back.
--
-- Of two readings, the later one is at most a second below the earlier one, and never in a month
-- before it. While the clock is behind the mark, time stands still at the mark.
--
-- A mark that is more than a day ahead is not believed: the clock was wrong when it was set, and has
-- been corrected. Then time does go back, and clock_set_back_from tells how far.
CREATE FUNCTION rostrum.read_clock() RETURNS timestamptz
LANGUAGE plpgsql
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_mark timestamptz := rostrum.clock_mark();
  v_before timestamptz;
BEGIN
  IF rostrum.follows_mark(v_now, v_mark) THEN
    RETURN v_now;
  END IF;
  IF v_mark > v_now AND v_mark <= v_now + interval '1 day' THEN
    RETURN v_mark;
  END IF;
  -- Under a lock, so that the mark only rises. To give it back before the transaction ends, the block
  -- is undone, which leaves the sequences as they are.
  BEGIN
    PERFORM pg_advisory_xact_lock(7482100463);
    v_now := clock_timestamp();
    v_mark := rostrum.clock_mark();
    v_before := v_mark;
    IF v_mark > v_now + interval '1 day' THEN
      PERFORM setval('rostrum.clock_set_back_from',
                     rostrum.to_us(greatest(v_mark, rostrum.clock_was_set_back_from())));
      v_mark := v_now;
    ELSIF v_now > v_mark + interval '7 days' AND v_mark > 'epoch' THEN
      PERFORM
        setval('rostrum.clock_leapt_from',
               rostrum.to_us(rostrum.begin_of(interval '31 days', v_mark) + interval '31 days')),
        setval('rostrum.clock_leapt_to', rostrum.to_us(v_now));
    END IF;
    v_now := greatest(v_now, v_mark);
    IF v_before > 'epoch'
      AND date_trunc('month', v_before, 'UTC') <> date_trunc('month', v_now, 'UTC') THEN
      PERFORM setval('rostrum.clock_entered_month', rostrum.to_us(v_now));
    END IF;
    PERFORM setval('rostrum.clock', rostrum.to_us(v_now));
    RAISE EXCEPTION USING ERRCODE = 'RC001';
  EXCEPTION WHEN SQLSTATE 'RC001' THEN
    RETURN v_now;
  END;
END
$$;

CREATE TABLE rostrum.players (
  player_id    text COLLATE "C" PRIMARY KEY,
  display_name text NOT NULL DEFAULT '',
  create_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  update_time  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Numbers for versions and for the order in which scores were reached. A batch takes one block and
-- numbers its submissions by arrival within it; it does so holding the locks of its entries, so the
-- versions of one entry always grow, and of two scores the one acknowledged first has the lower
-- number. The increment is the largest batch.
CREATE SEQUENCE rostrum.version_blocks INCREMENT BY 4096 MINVALUE 4096 START 4096;

-- One row for each player in each ranking. Updated in place for every accepted submission: the
-- fill factor leaves room for that, and no index covers a column that changes.
CREATE TABLE rostrum.entries (
  ranking_no   bigint NOT NULL,
  player_id    text COLLATE "C" NOT NULL,
  score        float8 NOT NULL,
  subscore     float8 NOT NULL,
  reached      bigint NOT NULL, -- when score and subscore were reached, as a version; breaks ties
  version      bigint NOT NULL, -- of the last change
  submissions  integer NOT NULL, -- accepted ones
  client_us    bigint NOT NULL, -- client time of the submission that set the score
  achieved_us  bigint NOT NULL,
  update_us    bigint NOT NULL,
  display_name text NOT NULL DEFAULT '', -- copy of players.display_name
  metadata     jsonb, -- of the submission that set the score
  PRIMARY KEY (ranking_no, player_id)
) PARTITION BY HASH (ranking_no);

DO $$
BEGIN
  FOR remainder IN 0..3 LOOP
    EXECUTE format(
      'CREATE TABLE rostrum.entries_%s PARTITION OF rostrum.entries '
      'FOR VALUES WITH (MODULUS 4, REMAINDER %s) '
      'WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)',
      remainder, remainder);
  END LOOP;
END
$$;

CREATE INDEX entries_player_id ON rostrum.entries (player_id);

-- Every submission that was recorded, with its outcome. Never updated. Partitioned by month, so
-- that retention is dropping a partition.
CREATE TABLE rostrum.submissions (
  board_no       bigint NOT NULL,
  season_no      bigint NOT NULL,
  player_id      text COLLATE "C" NOT NULL,
  submission_id  text COLLATE "C" NOT NULL,
  accept_time    timestamptz NOT NULL,
  version        bigint NOT NULL, -- orders the log
  score          float8 NOT NULL,
  subscore       float8 NOT NULL,
  client_us      bigint, -- null: none was given
  outcome        smallint NOT NULL, -- rostrum.v1.Outcome
  previous_score float8, -- null: it was the first entry
  segments       jsonb,
  metadata       jsonb
) PARTITION BY RANGE (accept_time);

-- Makes the monthly partitions of submissions, from last month on (for batches that began in it), as
-- many to come as asked for. Servers call it at their start and every hour, months ahead of need, and
-- when the clock stepped so far that a submission finds none. There is no default partition: each lookup
-- of a submission id would have to search it too.
--
-- Tables are made by themselves and then attached, which lets submissions go on meanwhile, and waits
-- for nobody longer than two seconds.
--
-- The unique index is per partition: together with the version check of the player's entry it is the
-- idempotency key. It begins with the submission id because ids that grow with time (the SDK's, and
-- those the server gives) are then added at one edge of the index and not all over it.
CREATE FUNCTION rostrum.ensure_submission_partitions(months integer) RETURNS void
LANGUAGE plpgsql
SET lock_timeout = '2s'
AS $$
DECLARE
  this_month timestamp := date_trunc('month', rostrum.read_clock() AT TIME ZONE 'UTC');
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

SELECT rostrum.ensure_submission_partitions(3);

-- Which entries each committed batch changed. A row goes when the index has all of them.
CREATE TABLE rostrum.outbox (
  outbox_id   bigint PRIMARY KEY, -- the batch's version block
  create_time timestamptz NOT NULL,
  ranking_nos bigint[] NOT NULL, -- with player_ids: the keys of the entries
  player_ids  text[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Players of whom some entry does not have their name yet. A player may be here several times:
-- submissions only add rows, so they never wait for whoever works them off.
CREATE TABLE rostrum.renames (
  rename_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  player_id text COLLATE "C" NOT NULL
);
