-- Records a batch of submissions: see functions/apply_submissions.sql. $12 is the idempotency in days.
SELECT ord, outcome, replayed, previous_score, previous_version, block, score, subscore, reached, version,
       submissions, achieved_us, update_us, display_name, metadata::text AS metadata, ranked
FROM functions.apply_submissions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                               make_interval(days => $12), $13, $14)
