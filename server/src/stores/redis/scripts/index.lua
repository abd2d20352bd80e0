-- Where the parts of an index are. Put in place of a line `-- include index.lua`.
--
-- KEYS of every script, as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1

local call = redis.call

-- Order, entries and feed of an epoch, or of a build, the name of which begins with its epoch.
local function parts_of(epoch)
  local at = 3 * (tonumber(string.match(epoch, '^%d+')) % 2)
  return KEYS[2 + at], KEYS[3 + at], KEYS[4 + at]
end

-- How many players the order has; nil if something is lost: if there should be another number, or the
-- records are not as many as these players and those who left.
local function players_if_whole(order, entries, players, left)
  local count = call('ZCARD', order)
  if count ~= tonumber(players) then return nil end
  if count + tonumber(left) ~= call('HLEN', entries) then return nil end
  return count
end
