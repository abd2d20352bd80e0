-- How scripts read records; layout.ts describes them. Put in place of a line `-- include record.lua`.
-- Every call of a script makes these functions anew, so there are few.

local sub, byte, unpack_at = string.sub, string.byte, struct.unpack

-- Where the payload of a record begins.
local function payload_at(record)
  return Offset.PLAYER + 1 + (byte(record, Offset.PLAYER_LENGTH + 1) or 0)
end

-- The member of the sorted set. Rows are read from there, so it is the whole record. That of a large record
-- ends before the payload, and readers look the record up.
local function member_of(record)
  if #record <= 256 then return record end
  return sub(record, 1, payload_at(record) - 1)
end

local function player_of(record)
  return sub(record, Offset.PLAYER + 1, payload_at(record) - 1)
end

-- Payload.LEFT: the player left.
local function payload_version_of(record)
  return byte(record, Offset.PAYLOAD_VERSION + 1)
end
