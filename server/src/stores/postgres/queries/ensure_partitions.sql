-- Makes the monthly partitions of submissions, this month's and those to come.
-- Input: $1 how many months.
SELECT rostrum.ensure_submission_partitions($1)
