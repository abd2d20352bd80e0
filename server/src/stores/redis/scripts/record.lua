-- What scripts know of records; layout.ts tells what they consist of. Put in place of a line
-- `-- include record.lua`.

local sub, byte, unpack_at = string.sub, string.byte, struct.unpack

-- Where the payload of a record begins.
local function payload_at(record)
  return Offset.PLAYER + 1 + (byte(record, Offset.PLAYER_LENGTH + 1) or 0)
end

-- The member of the sorted set. Rows are read from there, so it is the whole record, unless that is
-- large: then it ends before the payload, and readers look the record up.
local function member_of(record)
  if #record <= 256 then return record end
  return sub(record, 1, payload_at(record) - 1)
end

-- Whether bytes that were found are a whole record: as long as they say.
local function is_whole(record)
  return #record > Offset.PLAYER and unpack_at('>I4', record, Offset.LENGTH + 1) == #record
end

local function player_of(record)
  return sub(record, Offset.PLAYER + 1, payload_at(record) - 1)
end

local function score_of(record)
  return (unpack_at('>d', record, Offset.SCORE + 1))
end

-- The same as it is in the record.
local function score_bytes_of(record)
  return sub(record, Offset.SCORE + 1, Offset.SCORE + 8)
end

-- Whether two records of a player have the same place among the others.
local function stand_alike(a, b)
  return sub(a, 1, Offset.SCORE + 8) == sub(b, 1, Offset.SCORE + 8)
end

-- Above 0 if a record is newer than another of the same player, 0 if it is the same.
local function newness(record, old)
  return unpack_at('>d', record, Offset.VERSION + 1) - unpack_at('>d', old, Offset.VERSION + 1)
end

local function payload_version_of(record)
  return byte(record, Offset.PAYLOAD_VERSION + 1)
end

-- Whether it says that the player left.
local function has_left(record)
  return byte(record, Offset.PAYLOAD_VERSION + 1) == Payload.LEFT
end

-- Takes records apart that lie one behind the other. Returns them, and the player of each.
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
