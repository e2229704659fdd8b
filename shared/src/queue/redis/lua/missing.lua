-- Which of these jobs are unknown, or have lost the entry that would have them handed out.
-- KEYS 1 due ; ARGV 1 prefix of all keys, then ids
-- Answers the ids.
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out = {}
for i = 2, #ARGV do
  local st, l, sid, le = unpack(redis.call('HMGET', ARGV[1] .. ':j:' .. ARGV[i], 'st', 'l', 'sid', 'le'))
  local lost = not st
  if st == 'scheduled' then lost = not redis.call('ZSCORE', KEYS[1], ARGV[i])
  elseif st == 'queued' or (st == 'running' and tonumber(le) <= now) then
    lost = #redis.call('XRANGE', ARGV[1] .. ':s:' .. l, sid, sid) == 0
  end
  if lost then out[#out + 1] = ARGV[i] end
end
return out
