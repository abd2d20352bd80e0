-- How scripts write to the index that is being built. Put in place of a line `-- include building.lua`,
-- behind those of index.lua, record.lua and writing.lua.

-- Writes each record that is newer than what is there, and than others of its player. Commands cost most,
-- so there are few for all records, and one more for each that is replaced.
local function write_to_build(build, records, players)
  local order, entries = parts_of(build)
  local found = call('HMGET', entries, unpack(players))
  local newest = {}
  for i = 1, #records do
    local record, player = records[i], players[i]
    local other = newest[player] or found[i]
    if not other or newness(record, other) > 0 then newest[player] = record end
  end
  local counts = call('HMGET', KEYS[1], 'building_left', 'building_payload')
  local left, payload = tonumber(counts[1]), tonumber(counts[2])
  local places, changed = {}, {}
  for i = 1, #records do
    local record, player, old = records[i], players[i], found[i]
    if newest[player] == record then
      newest[player] = nil
      if old and payload_version_of(old) == Payload.LEFT then
        left = left - 1
      elseif old then
        call('ZREM', order, member_of(old))
      end
      if payload_version_of(record) == Payload.LEFT then
        left = left + 1
      else
        places[#places + 1] = score_of(record)
        places[#places + 1] = member_of(record)
        payload = math.min(payload, payload_version_of(record))
      end
      changed[#changed + 1] = player
      changed[#changed + 1] = record
    end
  end
  if #changed == 0 then return end
  call('HSET', entries, unpack(changed))
  call('HSET', KEYS[1], 'building_left', left, 'building_payload', payload)
  if #places > 0 then call('ZADD', order, unpack(places)) end
end
