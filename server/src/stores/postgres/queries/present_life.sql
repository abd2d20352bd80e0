-- The present life of the index, if there is one.
SELECT life_id, redis, ready FROM rostrum.index_lives ORDER BY life_no DESC LIMIT 1
