-- Takes note that no server can answer from a life before this one any more. Input: $1 the life.
UPDATE rostrum.index_lives SET ready = true WHERE life_id = $1 AND NOT ready
