-- What only scripts that read rows need of records. Put in place of a line `-- include reading.lua`, behind
-- that of record.lua.

-- Whether bytes are a whole record: as long as they say.
local function is_whole(record)
  return #record > Offset.PLAYER and unpack_at('>I4', record, Offset.LENGTH + 1) == #record
end
