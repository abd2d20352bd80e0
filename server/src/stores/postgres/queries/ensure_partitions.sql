-- Makes the partitions of submissions for last month, this month and the next two.
SELECT functions.ensure_submission_partitions(3)
