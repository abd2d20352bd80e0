-- Answers several reads of a ranking at one revision.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that may answer
--       2 the kinds of the reads, a letter each; then the arguments of each:
--       'r' start, count     rows from a 0-based place
--       'p' player           the row of a player; none if the player is absent
--       'l' n, player...     the rows of n players, in the order given; absent ones left out
--       'a' player, count    rows around a player; none if the player is absent
--       's' score, count     rows around the place after all entries with this or a better score;
--                            score as the index has it, lower is better
--
-- Result: { status, revision, players, rows }
--   status    DONE; ABSENT: there is no serving index, or it is damaged: build one;
--             OTHER_EPOCH: another epoch serves
--   revision  as a string
--   rows      packed, for each read: how many rows (4 bytes); then, of 'p' and 'l', for each row its place
--             (4 bytes, from 1) and its record (see layout.ts); of the others, if there are rows, the
--             place of the first and the records. record-row.ts reads it.

-- include index.lua
-- include record.lua
-- include reading.lua

local pack = struct.pack
local meta = call('HMGET', KEYS[1], 'epoch', 'revision', 'count', 'left')
if not meta[1] then return { Status.ABSENT } end
if meta[1] ~= ARGV[1] then return { Status.OTHER_EPOCH } end
local order, entries = parts_of(meta[1])
local count = players_if_whole(order, entries, meta[3], meta[4])
if not count then return { Status.ABSENT } end

local NO_ROWS = pack('>I4', 0)
local kinds = ARGV[2]
local rows, size = {}, 0
local damaged = false

local function add(bytes)
  size = size + 1
  rows[size] = bytes
end

-- Commands cost most here, so one looks up the players of all reads. There are some hundreds at most (see
-- ReadBatcher), or one list of 1,000; unpack takes close to 8,000.
local records = {}
do
  local players, at = {}, 3
  for i = 1, #kinds do
    local kind = sub(kinds, i, i)
    if kind == 'p' then
      players[#players + 1] = ARGV[at]
      at = at + 1
    elseif kind == 'l' then
      local last = at + tonumber(ARGV[at])
      for j = at + 1, last do players[#players + 1] = ARGV[j] end
      at = last + 1
    else
      if kind == 'a' then players[#players + 1] = ARGV[at] end
      at = at + 2
    end
  end
  if #players > 0 then
    local found = call('HMGET', entries, unpack(players))
    for i = 1, #players do
      local record = found[i]
      if record and payload_version_of(record) ~= Payload.LEFT then records[players[i]] = record end
    end
  end
end

-- The 0-based place of a player's record.
local function place_of(record)
  local place = is_whole(record) and call('ZRANK', order, member_of(record))
  if not place then damaged = true end
  return place or 0
end

local function add_range(start, wanted)
  if wanted <= 0 or start >= count then
    add(NO_ROWS)
    return
  end
  local members = call('ZRANGE', order, start, start + wanted - 1)
  add(pack('>I4I4', #members, start + 1))
  local large, at = {}, {}
  for i = 1, #members do
    local member = members[i]
    add(member)
    if not is_whole(member) then
      large[#large + 1] = player_of(member)
      at[#at + 1] = size
    end
  end
  if #large == 0 then return end
  local found = call('HMGET', entries, unpack(large))
  for i = 1, #large do
    local record = found[i]
    if record and is_whole(record) and member_of(record) == rows[at[i]] then
      rows[at[i]] = record
    else
      damaged = true
    end
  end
end

local function add_around(place, wanted)
  local start = math.min(place - math.floor(wanted / 2), count - wanted)
  add_range(math.max(start, 0), wanted)
end

local at = 3
for i = 1, #kinds do
  local kind = sub(kinds, i, i)
  local what = ARGV[at]
  if kind == 'p' then
    local record = records[what]
    if record then
      add(pack('>I4I4', 1, place_of(record) + 1))
      add(record)
    else
      add(NO_ROWS)
    end
    at = at + 1
  elseif kind == 'l' then
    local last = at + tonumber(what)
    local found = 0
    add(NO_ROWS)
    local head = size
    for j = at + 1, last do
      local record = records[ARGV[j]]
      if record then
        found = found + 1
        add(pack('>I4', place_of(record) + 1))
        add(record)
      end
    end
    rows[head] = pack('>I4', found)
    at = last + 1
  else
    local wanted = tonumber(ARGV[at + 1])
    if kind == 'r' then
      add_range(tonumber(what), wanted)
    elseif kind == 's' then
      add_around(call('ZCOUNT', order, '-inf', what), wanted)
    elseif records[what] then
      add_around(place_of(records[what]), wanted)
    else
      add(NO_ROWS)
    end
    at = at + 2
  end
end
if damaged then return { Status.ABSENT } end
return { Status.DONE, meta[2], count, table.concat(rows) }
