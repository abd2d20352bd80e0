-- Lets the index that was built serve, in place of the one before.
--
-- KEYS  see index.lua
-- ARGV  1 the build, see begin_build.lua
--       2 a revision that the new one must exceed
--       3 the channel to publish to
--       4 its life, see state.lua
--       5 how many entries were put in: it must have as many, with those of players who left since
--
-- Result: the revision of the new index, as a string; '' if another build has taken its place, or it lost
-- entries.

-- include index.lua
local meta = call('HMGET', KEYS[1], 'building', 'revision', 'building_left', 'building_payload')
if meta[1] ~= ARGV[1] then return '' end
local order, entries = parts_of(ARGV[1])
local count = call('ZCARD', order)
if count + meta[3] < tonumber(ARGV[5]) then return '' end
if not players_if_whole(order, entries, count, meta[3]) then return '' end
local epoch = string.match(ARGV[1], '^%d+')
local revision = string.format('%.0f', math.max(tonumber(meta[2] or '0'), tonumber(ARGV[2])) + 1)
call('HDEL', KEYS[1], 'building', 'building_left', 'building_payload')
call('HSET', KEYS[1], 'epoch', epoch, 'revision', revision, 'life', ARGV[4], 'count', count,
  'left', meta[3], 'payload', meta[4])
call('UNLINK', parts_of(tostring(epoch + 1)))
call('PUBLISH', ARGV[3], revision)
return revision
