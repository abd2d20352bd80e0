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

-- What is known of the index of each ranking. Apart from rostrum.rankings, because every submission
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

-- Every ranking has its mark from the start.
CREATE FUNCTION rostrum.add_index_mark() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rostrum.index_marks (ranking_no) VALUES (NEW.ranking_no);
  RETURN NULL;
END
$$;

CREATE TRIGGER add_index_mark AFTER INSERT ON rostrum.rankings
FOR EACH ROW EXECUTE FUNCTION rostrum.add_index_mark();

-- Entries and submissions of deleted leaderboards, removed in the background.
CREATE TABLE rostrum.purges (
  purge_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  board_no    bigint NOT NULL,
  ranking_nos bigint[] NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Makes a leaderboard with its first season, which is open-ended, and the ranking of its whole
-- board. Returns false, and changes nothing, if there is one with this id.
CREATE FUNCTION rostrum.create_leaderboard(
  p_leaderboard_id text,
  p_display_name text,
  p_aggregation smallint,
  p_sort_order smallint,
  p_subscore_sort_order smallint,
  p_metadata jsonb
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  v_board_no bigint;
  v_season_no bigint;
BEGIN
  INSERT INTO rostrum.leaderboards (leaderboard_id, display_name, aggregation, sort_order,
                                    subscore_sort_order, metadata)
  VALUES (p_leaderboard_id, p_display_name, p_aggregation, p_sort_order, p_subscore_sort_order,
          p_metadata)
  ON CONFLICT (leaderboard_id) DO NOTHING
  RETURNING board_no INTO v_board_no;
  IF v_board_no IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO rostrum.seasons (board_no, season_id) VALUES (v_board_no, '1')
  RETURNING season_no INTO v_season_no;
  INSERT INTO rostrum.rankings (board_no, season_no) VALUES (v_board_no, v_season_no);
  RETURN true;
END
$$;
