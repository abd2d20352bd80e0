-- Counts in a life of the index. A Redis that shows a lower count than a server has seen has gone back.
--
-- KEYS  1 the count of the life
-- ARGV  1 the count that the server saw last; 0 if it saw none
--
-- Result: the count now, as a string; nil if there is none. A count that is too low stays, for others to see.

local call = redis.call
local count = call('GET', KEYS[1])
if not count or tonumber(count) >= tonumber(ARGV[1]) then
  -- Where it was lost, more than other servers can have seen. It fails while the memory is full, which is no
  -- reason not to look.
  redis.pcall('SET', KEYS[1], (count or ARGV[1] + 1000) + 1, 'EX', 86400)
end
return call('GET', KEYS[1])
