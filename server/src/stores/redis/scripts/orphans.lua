-- Lists players whose place in the order of the serving index belongs to no record, a part at a time.
-- Every change writes both, so a whole index has none.
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
local order, entries = parts_of(epoch)
local part = call('ZSCAN', order, ARGV[2], 'COUNT', 500)
local result = { Status.DONE, part[1] }
for i = 1, #part[2], 2 do
  local member = part[2][i]
  local player = player_of(member)
  local record = call('HGET', entries, player)
  if not record or member_of(record) ~= member then
    result[#result + 1] = player
  end
end
return result
