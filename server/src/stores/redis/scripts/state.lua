-- Tells the state of a ranking's index.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
--
-- Result: { epoch, revision, players, life } as strings; epoch '' if no index serves or the one that does
-- is damaged. The life is the one in which the epoch began (see domain/index-rules.ts).
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'count', 'life')
local epoch = meta[1]
local count = 0
if epoch then
  local side = tonumber(epoch) % 2
  count = redis.call('ZCARD', KEYS[2 + 3 * side])
  if count ~= redis.call('HLEN', KEYS[3 + 3 * side]) or count ~= tonumber(meta[3]) then
    epoch = false
  end
end
return { epoch or '', meta[2] or '0', tostring(count), meta[4] or '' }
