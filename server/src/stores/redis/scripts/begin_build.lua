-- Begins to build an index beside the one that serves. From then on apply.lua writes to both.
--
-- KEYS  see index.lua
-- ARGV  1 the epoch that may go on serving; anything else is dropped at once
--       2 the build: '<epoch>:<random>', so that no other of the same epoch has this name. The epoch has
--         the other parity than the serving one.
--       3 the payload version of the records that it will be given
--
-- Result: DONE

-- include index.lua
if call('TYPE', KEYS[1]).ok ~= 'hash' then call('UNLINK', KEYS[1]) end
if call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  call('HDEL', KEYS[1], 'epoch')
  call('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
end
call('UNLINK', parts_of(ARGV[2]))
call('HSET', KEYS[1], 'building', ARGV[2], 'building_left', 0, 'building_payload', ARGV[3])
return Status.DONE
