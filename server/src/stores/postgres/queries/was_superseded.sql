-- Whether a life of a Redis server was followed by that of another. Input: $1 the Redis server.
SELECT EXISTS (SELECT 1 FROM rostrum.index_lives WHERE redis = $1) AS was_superseded
