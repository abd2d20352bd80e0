-- Entries by their keys.
-- Inputs: $1 ranking numbers, $2 player ids, one element per key. Result: a row for each found.
SELECT e.ranking_no, e.player_id, e.score, e.subscore, e.reached, e.version, e.submissions,
       e.achieved_us, e.update_us, e.display_name, e.metadata::text AS metadata, e.ranked
FROM (SELECT DISTINCT ranking_no, player_id FROM unnest($1::bigint[], $2::text[])
        AS k (ranking_no, player_id)) AS k
JOIN rostrum.entries e ON e.ranking_no = k.ranking_no AND e.player_id = k.player_id
