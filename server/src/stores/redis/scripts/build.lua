-- Adds entries to the index that is being built.
--
-- KEYS  see index.lua
-- ARGV  1 the build, see begin_build.lua
--       2 the records of entries (see layout.ts), one behind the other: at most 1,000 (unpack takes close
--         to 8,000 values), and no player twice
--
-- Result: DONE, or OTHER_BUILD.

-- include index.lua
-- include record.lua
-- include writing.lua
if redis.call('HGET', KEYS[1], 'building') ~= ARGV[1] then return Status.OTHER_BUILD end
local order, entries = parts_of(ARGV[1])
local records, players = split(ARGV[2])
if #records == 0 then return Status.DONE end

-- Commands cost most here: there are three for all entries, and one more for each that is replaced.
local found = redis.call('HMGET', entries, unpack(players))
local places, changed, size = {}, {}, 0
for i = 1, #records do
  local record, old = records[i], found[i]
  -- What came meanwhile may be newer, also that the player left.
  if not old or newness(record, old) > 0 then
    if old and has_left(old) then
      redis.call('HINCRBY', KEYS[1], 'building_left', -1)
    elseif old then
      redis.call('ZREM', order, member_of(old))
    end
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
return Status.DONE
