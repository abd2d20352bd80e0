-- Begins to build an index beside the one that serves. From now on apply.lua writes to both.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that may go on serving; anything else is dropped at once
--       2 the build: '<epoch>:<random>', which tells it from any other of the same epoch. The epoch is of
--         the other parity than a serving one.
--       3 the payload version of the records that it will be given
--
-- Result: DONE

-- include index.lua
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('UNLINK', KEYS[1]) end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  redis.call('HDEL', KEYS[1], 'epoch')
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
end
redis.call('UNLINK', parts_of(ARGV[2]))
redis.call('HSET', KEYS[1], 'building', ARGV[2], 'building_left', 0, 'building_payload', ARGV[3])
return Status.DONE
