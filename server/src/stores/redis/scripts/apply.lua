-- Writes entries and leavings to a ranking, and appends the changes to its feed.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch to write to; 0 for none, if it is not known whether the serving index is whole.
--         An index that lost data must not be written to: its revision would grow past the mark by
--         which the loss is recognised.
--       2 how many revisions the feed keeps
--       3 the channel to publish to
--       4 records (see layout.ts) of entries and of players who left, one behind the other
--
-- A record is written only if its version is newer than what is there, so applying again, late or out of
-- order does no harm: the record of a player who left keeps older entries out. An index that is being
-- built is always written to as well.
--
-- Result: { status, places, building, payload }
--   status    DONE: the serving index has the records
--             BUILDING: there is no serving index, the one being built has them
--             OTHER_EPOCH: another epoch serves; it does not have them
--             ABSENT: there is no index, or it is damaged: build one
--   places    if DONE, packed, for each record: what the index had (1 byte, see Had), place before and
--             place after (4 bytes each, from 1; 0: not in the ranking), players in the ranking (4 bytes),
--             revision, and version of the record that the index had (8-byte doubles; 0: none).
--             places.ts reads it.
--   building  if BUILDING: the epoch that is being built; if DONE: the revision before this
--   payload   if DONE: the lowest payload version that the index may hold
--
-- Events: one feed entry `<last revision>-0` with n = the number of changes and c = the changes packed: for
-- each, place before and place after (as above), players (4 bytes), score before (8-byte double) and
-- record. changes.ts reads it. The last revision is published to the channel.

-- include index.lua
-- include record.lua
-- include writing.lua

local pack = struct.pack
local ZERO = string.rep('\0', 8)

local meta = call('HMGET', KEYS[1], 'epoch', 'revision', 'count', 'left', 'payload', 'building')
local epoch, building = meta[1], meta[6]
local records, players = split(ARGV[4])

-- Every call makes its functions anew: this one only if it is needed.
if building then
-- include building.lua
  write_to_build(building, records, players)
end

local unserved = { Status.ABSENT, '', 0, 0 }
if building then unserved = { Status.BUILDING, '', tonumber(string.match(building, '^%d+')), 0 } end
if not epoch then return unserved end
if epoch ~= ARGV[1] then return { Status.OTHER_EPOCH, '', 0, 0 } end
local order, entries, feed = parts_of(epoch)
local count = players_if_whole(order, entries, meta[3], meta[4])
if not count then return unserved end

local first = tonumber(meta[2])
local revision = first
local left, payload = tonumber(meta[4]), tonumber(meta[5])
local left_before, payload_before = left, payload
-- Commands cost most here, so records are read and written by one for all. The table serves players who come
-- twice.
local old_of, found = {}, call('HMGET', entries, unpack(players))
for i = 1, #players do old_of[players[i]] = found[i] end
local places, changed, changes = {}, {}, {}
local damaged = false
for i = 1, #records do
  local record, player = records[i], players[i]
  local old = old_of[player]
  local before, after = 0, 0
  local had, had_score, had_version = Had.OLDER, ZERO, ZERO
  local old_member
  if old then had_score, had_version = score_and_version_bytes_of(old) end
  if old and payload_version_of(old) ~= Payload.LEFT then
    old_member = member_of(old)
    before = call('ZRANK', order, old_member)
    if not before then
      damaged = true
      break
    end
    before = before + 1
    after = before
  end
  local newer = old and newness(record, old) or 1
  if newer == 0 then
    had = Had.SAME
  elseif newer < 0 then
    had = Had.NEWER
  else
    if old_member then
      call('ZREM', order, old_member)
    elseif old then
      left = left - 1
    end
    local payload_version = payload_version_of(record)
    if payload_version == Payload.LEFT then
      left = left + 1
      if old_member then count = count - 1 end
      after = 0
    else
      local member = member_of(record)
      call('ZADD', order, score_of(record), member)
      if not old_member then count = count + 1 end
      if not old_member or not stand_alike(old, record) then
        after = call('ZRANK', order, member) + 1
      end
      if payload_version < payload then payload = payload_version end
    end
    old_of[player] = record
    local at = #changed
    changed[at + 1] = player
    changed[at + 2] = record
    -- Nobody sees that a player left who was not there.
    if before + after > 0 then
      revision = revision + 1
      at = #changes
      changes[at + 1] = pack('>I4I4I4', before, after, count)
      changes[at + 2] = had_score
      changes[at + 3] = record
    end
  end
  places[i] = pack('>BI4I4I4d', had, before, after, count, revision) .. had_version
end

if #changed > 0 then
  local last = string.format('%.0f', revision)
  call('HSET', entries, unpack(changed))
  if left ~= left_before or payload ~= payload_before then
    call('HSET', KEYS[1], 'left', left, 'payload', payload)
  end
  if revision > first then
    call('HSET', KEYS[1], 'revision', last, 'count', count)
    call('XADD', feed, 'MINID', '~', string.format('%.0f', math.max(revision - ARGV[2], 0)),
      last .. '-0', 'n', #changes / 3, 'c', table.concat(changes))
    call('PUBLISH', ARGV[3], last)
  end
end
if damaged then return unserved end
return { Status.DONE, table.concat(places), first, payload }
