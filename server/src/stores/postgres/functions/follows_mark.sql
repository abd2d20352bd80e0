-- follows_mark: whether a reading of the clock is good as it is: not below the mark, and not so far above
-- it that the mark must rise.
CREATE FUNCTION functions.follows_mark(now timestamptz, mark timestamptz) RETURNS boolean
LANGUAGE sql STABLE
RETURN now >= mark AND now < mark + interval '1 second'
  AND now < date_trunc('month', mark, 'UTC') + interval '1 month';
