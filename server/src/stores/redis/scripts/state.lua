-- Tells the state of a ranking's index.
--
-- KEYS  see index.lua
--
-- Result: { epoch, revision, players, life, payload } as strings. The epoch is '' if no index serves or it
-- is damaged, the life the one in which the epoch began (see domain/index-rules.ts), payload as in apply.lua.

-- include index.lua
local meta = call('HMGET', KEYS[1], 'epoch', 'revision', 'count', 'life', 'left', 'payload')
local epoch = meta[1]
local count = 0
if epoch then
  local order, entries = parts_of(epoch)
  count = players_if_whole(order, entries, meta[3], meta[5])
end
return { count and epoch or '', meta[2] or '0', tostring(count or 0), meta[4] or '', meta[6] or '0' }
