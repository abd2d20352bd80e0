-- What only scripts that write need of records. Put in place of a line `-- include writing.lua`, behind that
-- of record.lua.

local function score_of(record)
  return (unpack_at('>d', record, Offset.SCORE + 1))
end

-- The score and the version, each as it is in the record.
local function score_and_version_bytes_of(record)
  return sub(record, Offset.SCORE + 1, Offset.SCORE + 8), sub(record, Offset.VERSION + 1, Offset.VERSION + 8)
end

-- Whether two records of a player have the same place among the others.
local function stand_alike(a, b)
  return sub(a, 1, Offset.SCORE + 8) == sub(b, 1, Offset.SCORE + 8)
end

-- Above 0 if a record is newer than another of the same player, 0 if it is the same.
local function newness(record, old)
  return unpack_at('>d', record, Offset.VERSION + 1) - unpack_at('>d', old, Offset.VERSION + 1)
end

-- Splits records that lie one behind the other. Returns them, and the player of each.
local function split(packed)
  local records, players, count = {}, {}, 0
  local at, size = 1, #packed
  while at <= size do
    local record = sub(packed, at, at + unpack_at('>I4', packed, at + Offset.LENGTH) - 1)
    count = count + 1
    records[count] = record
    players[count] = player_of(record)
    at = at + #record
  end
  return records, players
end
