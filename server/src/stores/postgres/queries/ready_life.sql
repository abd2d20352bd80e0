-- Notes that every lease on the lives before this one is over. Input: $1 the life.
UPDATE rostrum.index_lives SET ready = true WHERE life_id = $1 AND NOT ready
