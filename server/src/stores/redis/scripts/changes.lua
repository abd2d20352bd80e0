-- Reads the feed of a ranking.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
-- ARGV  1 the epoch that may answer
--       2 the revision after which to read
--       3 how many feed entries at the most
--
-- Result: { status, revision, oldest, last and changes... }
--   status    as in read.lua
--   revision  the newest of the ranking, as a string
--   oldest    the oldest revision after which the feed is complete, as a string
--   then for each feed entry its id, `<last revision>-0`, how many changes it has, and the changes
--   packed as in apply.lua
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'revision')
if not meta[1] then return { 0, '0', '0' } end
if meta[1] ~= ARGV[1] then return { 2, '0', '0' } end
local feed = KEYS[4 + 3 * (tonumber(meta[1]) % 2)]
local oldest = meta[2]
local head = redis.call('XRANGE', feed, '-', '+', 'COUNT', 1)[1]
if head then
  local last = tonumber((string.gsub(head[1], '-.*', '')))
  oldest = string.format('%.0f', last - tonumber(head[2][2]))
end
local result = { 1, meta[2], oldest }
for _, entry in ipairs(redis.call('XRANGE', feed, '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[3])) do
  result[#result + 1] = entry[1]
  result[#result + 1] = tonumber(entry[2][2])
  result[#result + 1] = entry[2][4]
end
return result
