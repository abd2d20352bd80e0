-- All tables and sequences. Columns ending in _us are microseconds since 1970.

-- Leaderboards, their seasons, and their rankings.
--
-- A ranking is a leaderboard + a season + a segment. Today every leaderboard has one open-ended
-- season and one ranking, the whole board; the tables already hold any number of both.
-- Numbers (board_no, season_no, ranking_no) are never used again, so whatever is still keyed by a
-- deleted leaderboard's numbers can never be mistaken for that of a new one with the same id.

CREATE TABLE rostrum.leaderboards (
  board_no            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  leaderboard_id      text COLLATE "C" NOT NULL UNIQUE,
  display_name        text NOT NULL DEFAULT '',
  aggregation         smallint NOT NULL, -- rostrum.v1.Aggregation
  sort_order          smallint NOT NULL, -- rostrum.v1.SortOrder
  subscore_sort_order smallint NOT NULL, -- rostrum.v1.SortOrder
  tie_break           smallint NOT NULL DEFAULT 1, -- rostrum.v1.TieBreak
  rank_method         smallint NOT NULL DEFAULT 1, -- rostrum.v1.RankMethod
  segment_keys        text[] NOT NULL DEFAULT '{}',
  reset_schedule      text NOT NULL DEFAULT '',
  time_zone           text NOT NULL DEFAULT '',
  metadata            jsonb,
  create_time         timestamptz NOT NULL DEFAULT clock_timestamp(),
  update_time         timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE rostrum.seasons (
  season_no  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  board_no   bigint NOT NULL REFERENCES rostrum.leaderboards ON DELETE CASCADE,
  season_id  text COLLATE "C" NOT NULL,
  start_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  end_time   timestamptz, -- null while the season is open
  UNIQUE (board_no, season_id)
);

CREATE TABLE rostrum.rankings (
  ranking_no       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  board_no         bigint NOT NULL REFERENCES rostrum.leaderboards ON DELETE CASCADE,
  season_no        bigint NOT NULL REFERENCES rostrum.seasons ON DELETE CASCADE,
  segment_key      text COLLATE "C" NOT NULL DEFAULT '', -- empty: the whole board
  segment_value    text COLLATE "C" NOT NULL DEFAULT '',
  UNIQUE (season_no, segment_key, segment_value)
);

CREATE INDEX rankings_board_no ON rostrum.rankings (board_no);

-- Lives of the index: each is one tenure of one Redis server. The one with the highest number is the
-- present one. See domain/index-rules.ts.
CREATE TABLE rostrum.index_lives (
  life_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  life_id    uuid NOT NULL DEFAULT gen_random_uuid(),
  redis      text COLLATE "C" NOT NULL, -- its run id and its replication id
  ready      boolean NOT NULL, -- whether no server can answer from an earlier life any more
  begin_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What is known of the index of each ranking; every ranking has its mark from the start. Apart from rostrum.rankings, because every submission
-- looks that up, and rows that are updated all the time grow long chains of versions while a snapshot
-- is open.
CREATE TABLE rostrum.index_marks (
  ranking_no       bigint PRIMARY KEY REFERENCES rostrum.rankings ON DELETE CASCADE,
  life_id          uuid, -- in which the epoch began; null before the first
  epoch            bigint NOT NULL DEFAULT 0, -- grows with every index that is built or adopted
  whole            boolean NOT NULL DEFAULT false, -- whether an index of this epoch was complete
  -- Every change up to this revision is in the index and its outbox row is gone. An index that
  -- shows a lower revision has lost data.
  settled_revision bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Entries and submissions of deleted leaderboards, removed in the background.
CREATE TABLE rostrum.purges (
  purge_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  board_no    bigint, -- null: only rankings are gone, and the log of submissions stays as it is
  ranking_nos bigint[] NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

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
  ranked       boolean NOT NULL DEFAULT true, -- false: the player left the ranking
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
-- that retention is dropping a partition; functions/ensure_submission_partitions.sql makes them.
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

-- The sets of database functions that are installed, each in a schema of this name; see functions/.
CREATE TABLE rostrum.function_sets (
  name          text COLLATE "C" PRIMARY KEY,
  install_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_use_time timestamptz NOT NULL DEFAULT clock_timestamp()
);
