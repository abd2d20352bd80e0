-- Tells the state of a ranking's index.
--
-- KEYS  as in keys.ts: meta, order 0, entries 0, feed 0, order 1, entries 1, feed 1
--
-- Result: { epoch, revision, players, incarnation } as strings; epoch '' if no index serves or the
-- one that does is damaged. The incarnation is the run id of the Redis server in whose life the epoch
-- began.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'count', 'incarnation')
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
