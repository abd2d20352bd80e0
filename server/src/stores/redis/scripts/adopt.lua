-- Takes over a whole index from an earlier life: the same entries under a new epoch, an empty feed.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that serves, 2 the life in which it began
--       3 the new epoch, of the same parity, 4 its life
--       5 by how much the revision rises: more than can have been lost
--       6 the channel to publish to
--
-- Result: DONE, or OTHER_EPOCH.

-- include index.lua
local meta = call('HMGET', KEYS[1], 'epoch', 'life', 'revision')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then return Status.OTHER_EPOCH end
local revision = string.format('%.0f', meta[3] + ARGV[5])
call('HDEL', KEYS[1], 'building')
call('HSET', KEYS[1], 'epoch', ARGV[3], 'revision', revision, 'life', ARGV[4])
local _, _, feed = parts_of(ARGV[3])
call('UNLINK', feed)
call('PUBLISH', ARGV[6], revision)
return Status.DONE
