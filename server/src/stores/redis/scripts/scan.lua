-- Lists players of the serving index, a part at a time.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that may answer
--       2 the cursor of the call before; '0' to begin
--
-- Result: { status, cursor, players... }: status as in read.lua; the cursor is '0' at the end. A
-- player may come twice.

-- include index.lua
-- include record.lua
local epoch = call('HGET', KEYS[1], 'epoch')
if not epoch then return { Status.ABSENT } end
if epoch ~= ARGV[1] then return { Status.OTHER_EPOCH } end
local _, entries = parts_of(epoch)
local part = call('HSCAN', entries, ARGV[2], 'COUNT', 1000)
local result = { Status.DONE, part[1] }
for i = 1, #part[2], 2 do
  if payload_version_of(part[2][i + 1]) ~= Payload.LEFT then result[#result + 1] = part[2][i] end
end
return result
