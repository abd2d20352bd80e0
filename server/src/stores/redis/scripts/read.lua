-- Answers several reads of a ranking, all as of one revision.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch that may answer
--       then the reads, one after the other:
--       'r' start count      rows from a 0-based place
--       'p' player           the row of a player; none if the player is absent
--       'l' n player...      the rows of n players, in the order given; absent ones left out
--       'a' player count     rows around a player; none if the player is absent
--       's' score count      rows around the place after all entries with this or a better score;
--                            score as the index has it, lower is better
--
-- Result: { status, revision, players, rows... }
--   status    1: answered; 0: there is no serving index, or it is damaged: build one;
--             2: another epoch serves
--   revision  as a string
--   rows      one string for each read. 'p' and 'l': for each row its rank (4 bytes, from 1) and its record
--             (see record.ts); else the rank of the first row, then the records
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'count')
if not meta[1] then return { 0, '0', 0 } end
if meta[1] ~= ARGV[1] then return { 2, '0', 0 } end
local side = tonumber(meta[1]) % 2
local order, entries = KEYS[2 + 3 * side], KEYS[3 + 3 * side]
local count = redis.call('ZCARD', order)
if count ~= redis.call('HLEN', entries) or count ~= tonumber(meta[3]) then return { 0, '0', 0 } end

local damaged = false

local function range(start, wanted)
  if wanted <= 0 or start >= count then return '' end
  local members = redis.call('ZRANGE', order, start, start + wanted - 1)
  local players = {}
  for i = 1, #members do players[i] = string.sub(members[i], 17) end
  if #players == 0 then return '' end
  local found = redis.call('HMGET', entries, unpack(players))
  for i = 1, #members do
    if not found[i] then
      damaged = true
      return ''
    end
  end
  return struct.pack('>I4', start + 1) .. table.concat(found)
end

local function around(place, wanted)
  local start = math.min(place - math.floor(wanted / 2), count - wanted)
  return range(math.max(start, 0), wanted)
end

-- Commands cost most here, so the players of all reads are looked up by one. There are some hundreds
-- at most (see ReadBatcher), or one list of 1,000; unpack takes close to 8,000.
local records = {}
do
  local players, at = {}, 2
  while at <= #ARGV do
    local kind = ARGV[at]
    if kind == 'p' then
      players[#players + 1] = ARGV[at + 1]
      at = at + 2
    elseif kind == 'l' then
      local last = at + 1 + tonumber(ARGV[at + 1])
      for i = at + 2, last do players[#players + 1] = ARGV[i] end
      at = last + 1
    else
      if kind == 'a' then players[#players + 1] = ARGV[at + 1] end
      at = at + 3
    end
  end
  if #players > 0 then
    local found = redis.call('HMGET', entries, unpack(players))
    for i = 1, #players do records[players[i]] = found[i] end
  end
end

local function place_of(player)
  local record = records[player]
  if not record then return nil end
  local place = redis.call('ZRANK', order, string.sub(record, 5, 20) .. player)
  if not place then damaged = true end
  return place
end

local function row_of(player)
  local place = place_of(player)
  return place and struct.pack('>I4', place + 1) .. records[player] or ''
end

local result = { 1, meta[2], count }
local at = 2
while at <= #ARGV do
  local kind = ARGV[at]
  if kind == 'r' then
    result[#result + 1] = range(tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
    at = at + 3
  elseif kind == 'p' then
    result[#result + 1] = row_of(ARGV[at + 1])
    at = at + 2
  elseif kind == 'l' then
    local last = at + 1 + tonumber(ARGV[at + 1])
    local rows = {}
    for i = at + 2, last do rows[#rows + 1] = row_of(ARGV[i]) end
    result[#result + 1] = table.concat(rows)
    at = last + 1
  elseif kind == 'a' then
    local place = place_of(ARGV[at + 1])
    result[#result + 1] = place and around(place, tonumber(ARGV[at + 2])) or ''
    at = at + 3
  else
    local place = redis.call('ZCOUNT', order, '-inf', ARGV[at + 1])
    result[#result + 1] = around(place, tonumber(ARGV[at + 2]))
    at = at + 3
  end
end
if damaged then return { 0, '0', 0 } end
return result
