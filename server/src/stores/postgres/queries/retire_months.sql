-- How to drop the months of submissions that are too old, oldest first.
-- Inputs: $1 how many days submissions are kept, at least; $2 the time by another clock, in
--   microseconds since 1970: a month is dropped only if both clocks find it old enough.
-- Result: for each month its table, and the steps that are left, each with its statement. Last month stays,
-- whatever its age: batches that began in it may end now.
--   note:   marks the table for dropping. A table that somebody detached to keep it stays.
--   detach: takes it out of the log. Submissions go on meanwhile; it waits for all transactions that
--           may still read the month, such as a dump.
--   finish: ends an interrupted detach.
--   drop:   removes the table.
WITH bounds AS (
  SELECT least(
    date_trunc('month', now, 'UTC') - interval '1 month',
    now - make_interval(days => $1),
    functions.to_time($2) - make_interval(days => $1)) AS kept_from
  FROM functions.read_clock() AS now
), months AS (
  SELECT c.oid::regclass AS month, c.relname AS name, i.inhrelid IS NOT NULL AS attached,
         coalesce(i.inhdetachpending, false) AS pending,
         obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM 'rostrum: to be dropped' AS noted
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'rostrum.submissions'::regclass
  WHERE c.relnamespace = 'rostrum'::regnamespace AND c.relkind = 'r'
    AND c.relname ~ '^submissions_\d{6}$'
)
SELECT m.name, step.name AS step,
  CASE step.name
    WHEN 'note' THEN format('COMMENT ON TABLE %s IS %L', m.month, 'rostrum: to be dropped')
    WHEN 'detach' THEN
      format('ALTER TABLE rostrum.submissions DETACH PARTITION %s CONCURRENTLY', m.month)
    WHEN 'finish' THEN
      format('ALTER TABLE rostrum.submissions DETACH PARTITION %s FINALIZE', m.month)
    WHEN 'drop' THEN format('DROP TABLE %s', m.month)
  END AS statement
FROM months m
CROSS JOIN bounds b
CROSS JOIN LATERAL (
  SELECT s.name, s.place FROM (VALUES
    ('note', 1, m.attached AND NOT m.noted),
    ('detach', 2, m.attached AND NOT m.pending),
    ('finish', 3, m.pending),
    ('drop', 4, m.attached OR m.noted)
  ) AS s (name, place, due)
  WHERE s.due
) AS step
WHERE to_date(right(m.name, 6), 'YYYYMM') + interval '1 month' <= b.kept_from AT TIME ZONE 'UTC'
ORDER BY m.pending DESC, m.name, step.place
