-- Shows what the serving index holds of some players.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that may answer
--       2... players
--
-- Result: { status, players, record, score, ... }: status as in read.lua, how many players the ranking has,
-- then for each given player the record ('' if there is none, or the player left) and the score of its
-- place in the order ('' if it has none).

-- include index.lua
-- include record.lua
local epoch = call('HGET', KEYS[1], 'epoch')
if not epoch then return { Status.ABSENT } end
if epoch ~= ARGV[1] then return { Status.OTHER_EPOCH } end
local order, entries = parts_of(epoch)
local result = { Status.DONE, call('ZCARD', order) }
for i = 2, #ARGV do
  local record = call('HGET', entries, ARGV[i])
  if record and payload_version_of(record) == Payload.LEFT then record = false end
  result[#result + 1] = record or ''
  result[#result + 1] = record and call('ZSCORE', order, member_of(record)) or ''
end
return result
