-- Adds entries to the index that is being built.
--
-- KEYS  see index.lua
-- ARGV  1 the build, see begin_build.lua
--       2 the records of entries (see layout.ts), one behind the other: at most 1,000, because unpack takes
--         close to 8,000 values
--
-- Result: DONE, or OTHER_BUILD.

-- include index.lua
-- include record.lua
-- include writing.lua
-- include building.lua
if call('HGET', KEYS[1], 'building') ~= ARGV[1] then return Status.OTHER_BUILD end
local records, players = split(ARGV[2])
if #records > 0 then write_to_build(ARGV[1], records, players) end
return Status.DONE
