-- Reads the feed of a ranking.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that may answer
--       2 the revision after which to read
--       3 how many changes are wanted: reading ends after the feed entry with the last of them, or at a
--         megabyte
--
-- Result: { status, revision, oldest, last and changes... }
--   status    as in read.lua
--   revision  the newest of the ranking, as a string
--   oldest    the oldest revision after which the feed is complete, as a string
--   then for each feed entry its id, `<last revision>-0`, the number of its changes, and the changes
--   packed as in apply.lua

-- include index.lua
local meta = call('HMGET', KEYS[1], 'epoch', 'revision')
if not meta[1] then return { Status.ABSENT } end
if meta[1] ~= ARGV[1] then return { Status.OTHER_EPOCH } end
local _, _, feed = parts_of(meta[1])
local oldest = meta[2]
local head = call('XRANGE', feed, '-', '+', 'COUNT', 1)[1]
if head then
  local last = tonumber((string.gsub(head[1], '-.*', '')))
  oldest = string.format('%.0f', last - tonumber(head[2][2]))
end
local result = { Status.DONE, meta[2], oldest }
local wanted, bytes = tonumber(ARGV[3]), 0
local after = ARGV[2] .. '-0'
while wanted > 0 and bytes < 1048576 do
  local entries = call('XRANGE', feed, '(' .. after, '+', 'COUNT', 4)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    after = entry[1]
    local count, packed = tonumber(entry[2][2]), entry[2][4]
    result[#result + 1] = after
    result[#result + 1] = count
    result[#result + 1] = packed
    wanted = wanted - count
    bytes = bytes + #packed
    if wanted <= 0 or bytes >= 1048576 then break end
  end
end
return result
