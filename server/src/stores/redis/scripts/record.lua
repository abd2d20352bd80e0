-- What scripts know of records, see record.ts. Put in place of a line `-- include record.lua`.

-- Where the payload of a record begins.
local function payload_at(record)
  return 38 + (string.byte(record, 37) or 0)
end

-- The member of the sorted set. Rows are read from there, so it is the whole record, unless that is
-- large: then it ends before the payload, and readers look the record up.
local function member_of(record)
  if #record <= 256 then return record end
  return string.sub(record, 1, payload_at(record) - 1)
end

-- Whether bytes that were found are a whole record: as long as they say.
local length_of = struct.unpack
local function is_whole(record)
  return #record > 37 and length_of('>I4', record, 17) == #record
end

local function player_of(record)
  return string.sub(record, 38, payload_at(record) - 1)
end

local function score_of(record)
  return (struct.unpack('>d', record, 29))
end
