-- Brings entries into a ranking and appends the changes to its feed.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch to write to; 0 for none, when it is not known whether the serving index is whole.
--         An index that lost data must not be written to: its revision would grow past the mark by
--         which the loss is recognised.
--       2 how many revisions the feed keeps
--       3 the channel that is told of changes
--       4 the entries: their records (see record.ts), one behind the other
--
-- Each entry is written only if its version is newer than what is there, so applying again, late or
-- out of order does no harm. An index that is being built is always written to as well.
--
-- Result: { status, places, building }
--   status  1: the serving index has the entries
--           2: there is no serving index, the one being built has them
--           3: another epoch serves; it does not have them
--           0: there is no index, or it is damaged: build one
--   places  with status 1, packed, for each entry: 1 if it was written, 0 if the index had it, 2 if it
--           had a newer one (1 byte), rank before and rank after (4 bytes each, from 1; 0: not in the
--           ranking), players in the ranking (4 bytes), revision and score before (8-byte doubles; 0
--           where the player was not in the ranking)
--   building  with status 2: the epoch that is being built
--
-- Events: one feed entry `<last revision>-0` with n = how many changes and c = the changes packed,
-- for each: rank before, rank after, players (4 bytes each), score before (8-byte double) and record; and one message, the last revision, to the channel.

-- include record.lua

local call, sub, pack = redis.call, string.sub, struct.pack
local NO_SCORE = string.rep('\0', 8)

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'count', 'building')
local epoch, building = meta[1], meta[4]

local records, players = {}, {}
do
  local packed = ARGV[4]
  local size = #packed
  local at = 1
  while at <= size do
    local length = struct.unpack('>I4', packed, at + 16)
    local record = string.sub(packed, at, at + length - 1)
    records[#records + 1] = record
    players[#players + 1] = player_of(record)
    at = at + length
  end
end

-- Commands cost most here, so records are read and written by one for all. A player who comes twice
-- finds the first record in the table.
local function records_by_player(entries)
  local found = redis.call('HMGET', entries, unpack(players))
  local by_player = {}
  for i = 1, #players do by_player[players[i]] = found[i] end
  return by_player
end

local function write(entries, changed)
  if #changed > 0 then redis.call('HSET', entries, unpack(changed)) end
end

local WRITTEN, SAME, NEWER = 1, 0, 2

local function is_newer(record, old)
  return struct.unpack('>d', old, 21) < struct.unpack('>d', record, 21)
end

if building then
  local side = tonumber(string.match(building, '^%d+')) % 2
  local order, entries = KEYS[2 + 3 * side], KEYS[3 + 3 * side]
  local old_of, changed = records_by_player(entries), {}
  for i = 1, #records do
    local record, player = records[i], players[i]
    local old = old_of[player]
    if not old or is_newer(record, old) then
      if old then redis.call('ZREM', order, member_of(old)) end
      redis.call('ZADD', order, score_of(record), member_of(record))
      old_of[player] = record
      changed[#changed + 1] = player
      changed[#changed + 1] = record
    end
  end
  write(entries, changed)
end

local unserved = { building and 2 or 0, '', building and tonumber(string.match(building, '^%d+')) or 0 }
if not epoch then return unserved end
if epoch ~= ARGV[1] then return { 3, '', 0 } end
local side = tonumber(epoch) % 2
local order, entries, feed = KEYS[2 + 3 * side], KEYS[3 + 3 * side], KEYS[4 + 3 * side]
local count = redis.call('ZCARD', order)
if count ~= redis.call('HLEN', entries) or count ~= tonumber(meta[3]) then return unserved end

local first = tonumber(meta[2])
local revision = first
local old_of, changed = records_by_player(entries), {}
local places, changes = {}, {}
local damaged = false
for i = 1, #records do
  local record, player = records[i], players[i]
  local old = old_of[player]
  local before, after = 0, 0
  local before_score
  local had, had_score = WRITTEN, NO_SCORE
  if not old then
    local member = member_of(record)
    call('ZADD', order, score_of(record), member)
    after = call('ZRANK', order, member) + 1
    count = count + 1
    before_score = NO_SCORE
  else
    local old_member = member_of(old)
    before = call('ZRANK', order, old_member)
    if not before then
      damaged = true
      break
    end
    before = before + 1
    after = before
    had_score = sub(old, 29, 36)
    if sub(old, 21, 28) == sub(record, 21, 28) then
      had = SAME
    elseif not is_newer(record, old) then
      had = NEWER
    else
      local member = member_of(record)
      call('ZREM', order, old_member)
      call('ZADD', order, score_of(record), member)
      before_score = had_score
      -- The score, and the bytes that break ties.
      if before_score ~= sub(record, 29, 36) or sub(old, 1, 16) ~= sub(record, 1, 16) then
        after = call('ZRANK', order, member) + 1
      end
    end
  end
  if before_score then
    revision = revision + 1
    old_of[player] = record
    local at = #changed
    changed[at + 1] = player
    changed[at + 2] = record
    at = #changes
    changes[at + 1] = pack('>I4I4I4', before, after, count)
    changes[at + 2] = before_score
    changes[at + 3] = record
  end
  places[i] = pack('>BI4I4I4d', had, before, after, count, revision) .. had_score
end
write(entries, changed)

if revision > first then
  local last = string.format('%.0f', revision)
  redis.call('HSET', KEYS[1], 'revision', last, 'count', count)
  redis.call('XADD', feed, 'MINID', '~', string.format('%.0f', math.max(revision - ARGV[2], 0)),
    last .. '-0', 'n', #changes / 3, 'c', table.concat(changes))
  redis.call('PUBLISH', ARGV[3], last)
end
if damaged then return unserved end
return { 1, table.concat(places), 0 }
