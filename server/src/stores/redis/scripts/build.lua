-- Adds entries to the index that is being built.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the build, see begin_build.lua
--       2 the entries, as for apply.lua: at most 1,000 (unpack takes close to 8,000 values), and no
--         player twice
--
-- Result: 1, or 0 if another build has taken its place.

-- include record.lua
if redis.call('HGET', KEYS[1], 'building') ~= ARGV[1] then return 0 end
local side = tonumber(string.match(ARGV[1], '^%d+')) % 2
local order, entries = KEYS[2 + 3 * side], KEYS[3 + 3 * side]

local records, players = {}, {}
do
  local packed = ARGV[2]
  local size = #packed
  local at, count = 1, 0
  while at <= size do
    local length = struct.unpack('>I4', packed, at + 16)
    local record = string.sub(packed, at, at + length - 1)
    count = count + 1
    records[count] = record
    players[count] = player_of(record)
    at = at + length
  end
  if count == 0 then return 1 end
end

-- Commands cost most here: there are three for all entries, and one more for each that is replaced.
local found = redis.call('HMGET', entries, unpack(players))
local places, changed, size = {}, {}, 0
for i = 1, #records do
  local record, old = records[i], found[i]
  -- A submission that came meanwhile may have brought a newer one.
  if not old or struct.unpack('>d', old, 21) < struct.unpack('>d', record, 21) then
    if old then redis.call('ZREM', order, member_of(old)) end
    places[size + 1] = score_of(record)
    places[size + 2] = member_of(record)
    changed[size + 1] = players[i]
    changed[size + 2] = record
    size = size + 2
  end
end
if size > 0 then
  redis.call('ZADD', order, unpack(places))
  redis.call('HSET', entries, unpack(changed))
end
return 1
