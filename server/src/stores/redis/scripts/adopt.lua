-- Takes over a whole index after a restart: the same entries under a new epoch, an empty feed.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch that serves
--       2 the new epoch, of the same parity
--       3 the incarnation, see state.lua
--       4 by how much the revision rises: more than can have been lost
--       5 the channel that is told of it
--
-- Result: 1, or 0 if another epoch serves.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'revision')
if meta[1] ~= ARGV[1] then return 0 end
local revision = string.format('%.0f', meta[2] + ARGV[4])
redis.call('HDEL', KEYS[1], 'building')
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'revision', revision, 'incarnation', ARGV[3])
redis.call('UNLINK', KEYS[4 + 3 * (tonumber(ARGV[2]) % 2)])
redis.call('PUBLISH', ARGV[5], revision)
return 1
