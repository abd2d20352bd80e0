-- fold: what a submission makes of an entry. The one place of the rules of aggregation.
--
-- Inputs:
--   entry       as it is; for a player's first submission 0 submissions, and else nulls
--   settings    of the leaderboard
--   submission  what was submitted
--   now_us      the time by the clock, in microseconds since 1970
-- Result: a functions.folded.
--
-- PostgreSQL inlines it, which removes the composites: a caller pays for the expressions of the attributes
-- that it takes. For that it is one expression, neither STRICT nor with settings, and its arguments must be
-- cheap. Comparisons with the nulls of a first submission are null: the ELSE is right for it.

-- A row of rostrum.entries. Not its row type: a later server may give the table more columns while this
-- one goes on.
CREATE TYPE functions.entry AS (
  ranking_no   bigint,
  player_id    text COLLATE "C",
  score        float8,
  subscore     float8,
  reached      bigint,
  version      bigint,
  submissions  integer,
  client_us    bigint,
  achieved_us  bigint,
  update_us    bigint,
  display_name text,
  metadata     jsonb,
  ranked       boolean
);

CREATE FUNCTION functions.entry_of(e rostrum.entries) RETURNS functions.entry
LANGUAGE sql IMMUTABLE
RETURN ROW(e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version, e.submissions,
           e.client_us, e.achieved_us, e.update_us, e.display_name, e.metadata,
           e.ranked)::functions.entry;

CREATE TYPE functions.settings AS (
  aggregation         smallint, -- rostrum.v1.Aggregation
  sort_order          smallint, -- rostrum.v1.SortOrder
  subscore_sort_order smallint
);

CREATE TYPE functions.submission AS (
  version   bigint,
  score     float8,
  subscore  float8,
  client_us bigint, -- null if none was given
  metadata  jsonb
);

-- The columns of rostrum.entries that a submission changes.
CREATE TYPE functions.folded_entry AS (
  score       float8,
  subscore    float8,
  reached     bigint,
  version     bigint,
  submissions integer,
  client_us   bigint,
  achieved_us bigint,
  update_us   bigint,
  metadata    jsonb
);

CREATE TYPE functions.folded AS (
  counts  boolean, -- whether it changes the entry
  -- If it counts: what it makes of the entry, and the outcome, a number of rostrum.v1.Outcome.
  entry   functions.folded_entry,
  outcome smallint,
  -- Else: the outcome; -2: the sum would leave ±(2^53 - 1); null: the aggregation is not known.
  refusal smallint
);

-- When a submission reaches an entry: by the clock, but never before the entry's last one. The log has this
-- time too: a submission that waited for another over the turn of a month is logged in the other's month,
-- whose index refuses it if both are the same.
CREATE FUNCTION functions.arrival(entry functions.entry, now_us bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN greatest(now_us, entry.update_us);

-- Whether a submission does not count: it is older than the entry of a LATEST leaderboard (by client times
-- or, without them, by arrival), or the sum would no longer be exact.
CREATE FUNCTION functions.is_left_out(
  entry functions.entry,
  settings functions.settings,
  submission functions.submission,
  now_us bigint
) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN CASE settings.aggregation
  WHEN 1 THEN false
  WHEN 2 THEN
    coalesce(submission.client_us, functions.arrival(entry, now_us)) < entry.client_us
    OR (submission.client_us IS NOT NULL AND submission.client_us = entry.client_us)
  WHEN 3 THEN
    abs(entry.score + submission.score) >= 9007199254740992
    OR abs(entry.subscore + submission.subscore) >= 9007199254740992
  ELSE true
END;

-- Whether a submission that counts is not better than the entry of a BEST leaderboard.
CREATE FUNCTION functions.falls_short(
  entry functions.entry,
  settings functions.settings,
  submission functions.submission
) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN settings.aggregation = 1 AND NOT (
  CASE settings.sort_order WHEN 1 THEN submission.score > entry.score
    ELSE submission.score < entry.score END
  OR (submission.score = entry.score
      AND CASE settings.subscore_sort_order WHEN 1 THEN submission.subscore > entry.subscore
            ELSE submission.subscore < entry.subscore END));

-- The score that a submission leads to unless it falls short; its subscore likewise.
CREATE FUNCTION functions.new_score(settings functions.settings, score float8, submitted float8)
RETURNS float8
LANGUAGE sql IMMUTABLE
RETURN CASE settings.aggregation WHEN 3 THEN coalesce(score + submitted, submitted)
       ELSE submitted END;

-- Whether a submission that counts leaves score and subscore as they are.
CREATE FUNCTION functions.keeps_score(
  entry functions.entry,
  settings functions.settings,
  submission functions.submission
) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN CASE settings.aggregation
  WHEN 1 THEN functions.falls_short(entry, settings, submission)
  WHEN 2 THEN submission.score = entry.score AND submission.subscore = entry.subscore
  WHEN 3 THEN entry.score + submission.score = entry.score
    AND entry.subscore + submission.subscore = entry.subscore
END;

CREATE FUNCTION functions.fold(
  entry functions.entry,
  settings functions.settings,
  submission functions.submission,
  now_us bigint
) RETURNS functions.folded
LANGUAGE sql IMMUTABLE
RETURN ROW(
  functions.is_left_out(entry, settings, submission, now_us) IS NOT TRUE,
  ROW(
    CASE WHEN functions.falls_short(entry, settings, submission) THEN entry.score
      ELSE functions.new_score(settings, entry.score, submission.score) END,
    CASE WHEN functions.falls_short(entry, settings, submission) THEN entry.subscore
      ELSE functions.new_score(settings, entry.subscore, submission.subscore) END,
    CASE WHEN functions.keeps_score(entry, settings, submission) THEN entry.reached
      ELSE submission.version END,
    submission.version,
    entry.submissions + 1,
    CASE WHEN functions.falls_short(entry, settings, submission) THEN entry.client_us
      ELSE coalesce(submission.client_us, functions.arrival(entry, now_us)) END,
    CASE WHEN functions.keeps_score(entry, settings, submission) THEN entry.achieved_us
      ELSE functions.arrival(entry, now_us) END,
    functions.arrival(entry, now_us),
    CASE WHEN functions.falls_short(entry, settings, submission) THEN entry.metadata
      ELSE submission.metadata END
  )::functions.folded_entry,
  CASE WHEN functions.falls_short(entry, settings, submission) THEN 2::smallint ELSE 1::smallint END,
  CASE settings.aggregation WHEN 2 THEN 3::smallint WHEN 3 THEN -2::smallint END
)::functions.folded;
