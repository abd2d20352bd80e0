-- Begins to build an index beside the one that serves. From now on apply.lua writes to both.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch that may go on serving; anything else is dropped at once
--       2 the epoch to build: of the other parity than a serving one
--       3 the build: '<epoch>:<random>', which tells it from any other of the same epoch
--
-- Result: 1
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('UNLINK', KEYS[1]) end
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  redis.call('HDEL', KEYS[1], 'epoch')
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
end
local side = tonumber(ARGV[2]) % 2
redis.call('UNLINK', KEYS[2 + 3 * side], KEYS[3 + 3 * side], KEYS[4 + 3 * side])
redis.call('HSET', KEYS[1], 'building', ARGV[3])
return 1
