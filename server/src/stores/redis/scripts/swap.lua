-- Lets the index that was built serve, in place of the one before.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the build, see begin_build.lua
--       2 a revision that the new one must exceed
--       3 the channel that is told of it
--       4 the life that it is of, see state.lua
--       5 how many entries were put in: it must not have fewer
--
-- Result: the revision of the new index, as a string; '' if another build has taken its
-- place, or it lost entries.
local meta = redis.call('HMGET', KEYS[1], 'building', 'revision')
if meta[1] ~= ARGV[1] then return '' end
local epoch = string.match(ARGV[1], '^%d+')
local side = tonumber(epoch) % 2
local count = redis.call('ZCARD', KEYS[2 + 3 * side])
if count < tonumber(ARGV[5]) or count ~= redis.call('HLEN', KEYS[3 + 3 * side]) then return '' end
local revision = string.format('%.0f', math.max(tonumber(meta[2] or '0'), tonumber(ARGV[2])) + 1)
redis.call('HDEL', KEYS[1], 'building')
redis.call('HSET', KEYS[1], 'epoch', epoch, 'revision', revision,
  'life', ARGV[4], 'count', count)
local other = 1 - side
redis.call('UNLINK', KEYS[2 + 3 * other], KEYS[3 + 3 * other], KEYS[4 + 3 * other])
redis.call('PUBLISH', ARGV[3], revision)
return revision
