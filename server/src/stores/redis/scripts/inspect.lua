-- Shows what the serving index holds of some players.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch that may answer
--       2... players
--
-- Result: { status, players, record, score, ... }: status as in read.lua, how many players the
-- ranking has, then for each player asked for the record ('' if there is none) and the score of its
-- place in the order ('' if it has none there).

-- include record.lua
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then return { 0, 0 } end
if epoch ~= ARGV[1] then return { 2, 0 } end
local side = tonumber(epoch) % 2
local order, entries = KEYS[2 + 3 * side], KEYS[3 + 3 * side]
local result = { 1, redis.call('ZCARD', order) }
for i = 2, #ARGV do
  local record = redis.call('HGET', entries, ARGV[i])
  result[#result + 1] = record or ''
  result[#result + 1] = record and redis.call('ZSCORE', order, member_of(record)) or ''
end
return result
