-- Makes the monthly partitions of submissions: last month's, this month's, and two to come.
SELECT functions.ensure_submission_partitions(3)
