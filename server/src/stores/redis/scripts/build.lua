-- Adds entries to the index that is being built.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the build, see begin_build.lua
--       2 the entries, as for apply.lua
--
-- Result: 1, or 0 if another build has taken its place.

-- include record.lua
if redis.call('HGET', KEYS[1], 'building') ~= ARGV[1] then return 0 end
local side = tonumber(string.match(ARGV[1], '^%d+')) % 2
local order, entries = KEYS[2 + 3 * side], KEYS[3 + 3 * side]
local packed = ARGV[2]
local size = #packed
local at = 1
while at <= size do
  local length = struct.unpack('>I4', packed, at + 16)
  local record = string.sub(packed, at, at + length - 1)
  at = at + length
  local player = player_of(record)
  local old = redis.call('HGET', entries, player)
  -- A submission that came meanwhile may have brought a newer one.
  if not old or struct.unpack('>d', old, 21) < struct.unpack('>d', record, 21) then
    if old then redis.call('ZREM', order, member_of(old)) end
    redis.call('ZADD', order, score_of(record), member_of(record))
    redis.call('HSET', entries, player, record)
  end
end
return 1
