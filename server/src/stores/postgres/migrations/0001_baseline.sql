-- All tables and sequences. Columns ending in _us are microseconds since 1970.

-- A ranking is a leaderboard + a season + a segment. Today every leaderboard has one open-ended season and
-- one ranking, the whole board. Numbers (board_no, season_no, ranking_no) are never used again: what is
-- left of a deleted leaderboard is never mistaken for that of a new one with the same id.

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

-- Lives of the index (see domain/index-rules.ts). The present one has the highest number.
CREATE TABLE rostrum.index_lives (
  life_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  life_id    uuid NOT NULL DEFAULT gen_random_uuid(),
  redis      text COLLATE "C" NOT NULL, -- its run id and its replication id
  ready      boolean NOT NULL, -- whether every lease on earlier lives is over
  went_back  boolean NOT NULL DEFAULT false, -- whether it began because its Redis went back in time
  begin_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What is known of the index of each ranking, which has a row here from the start. Not in rostrum.rankings,
-- which every submission looks up: rows that are updated all the time grow long chains of versions while a
-- snapshot is open.
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
  board_no    bigint, -- null: only rankings are gone, and submissions stay
  ranking_nos bigint[] NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- High-water marks of the clock, in microseconds since 1970. They are sequences because these are not
-- rolled back, are visible to all at once, and survive a crash and a failover.
CREATE SEQUENCE rostrum.clock MINVALUE 0;
-- The latest time from which the clock was set back because it had been wrong.
CREATE SEQUENCE rostrum.clock_set_back_from MINVALUE 0;
-- When it last leapt ahead by more than a week (nothing was recorded for so long, or the clock was wrong
-- before, or is now), and that time less this leap and those of the 31 days before it.
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

-- Numbers for versions and for the order in which scores were reached. A batch takes one block and numbers
-- its submissions by arrival within it. The increment is the largest batch.
CREATE SEQUENCE rostrum.version_blocks INCREMENT BY 4096 MINVALUE 4096 START 4096;

-- One row for each player in each ranking. Every accepted submission updates it in place: the fill factor
-- leaves room for that, and no index covers a column that changes.
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

CREATE TABLE rostrum.entries_0 PARTITION OF rostrum.entries FOR VALUES WITH (MODULUS 4, REMAINDER 0)
  WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE rostrum.entries_1 PARTITION OF rostrum.entries FOR VALUES WITH (MODULUS 4, REMAINDER 1)
  WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE rostrum.entries_2 PARTITION OF rostrum.entries FOR VALUES WITH (MODULUS 4, REMAINDER 2)
  WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE rostrum.entries_3 PARTITION OF rostrum.entries FOR VALUES WITH (MODULUS 4, REMAINDER 3)
  WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

CREATE INDEX entries_player_id ON rostrum.entries (player_id);

-- Every recorded submission, never updated. Retention drops monthly partitions, which
-- functions/ensure_submission_partitions.sql makes.
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

-- Which entries each committed batch changed. A row is removed when the index has all of them.
CREATE TABLE rostrum.outbox (
  outbox_id   bigint PRIMARY KEY, -- the batch's version block
  create_time timestamptz NOT NULL,
  ranking_nos bigint[] NOT NULL, -- with player_ids: the keys of the entries
  player_ids  text[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Players some of whose entries lack their new name. A player may be here several times: submissions only
-- add rows, so they never wait for a rename.
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
