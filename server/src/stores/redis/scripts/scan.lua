-- Lists players of the serving index, a part at a time.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch that may answer
--       2 the cursor of the call before; '0' to begin
--
-- Result: { status, cursor, players... }: status as in read.lua; the cursor is '0' at the end. A
-- player may come twice.
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then return { 0, '0' } end
if epoch ~= ARGV[1] then return { 2, '0' } end
local part = redis.call('HSCAN', KEYS[3 + 3 * (tonumber(epoch) % 2)], ARGV[2], 'COUNT', 1000)
local result = { 1, part[1] }
for i = 1, #part[2], 2 do result[#result + 1] = part[2][i] end
return result
