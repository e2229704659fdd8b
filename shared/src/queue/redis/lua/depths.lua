-- What the queue holds.
-- KEYS 1 due 2 dead 3 results, then lanes
-- Answers {scheduled, dead, results, then for each lane: entries, age of the oldest in ms}.
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out = {redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2]), redis.call('XLEN', KEYS[3])}
for i = 4, #KEYS do
  out[#out + 1] = redis.call('XLEN', KEYS[i])
  local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)
  local age = 0
  if #first > 0 then age = math.max(0, now - tonumber(string.match(first[1][1], '^(%d+)'))) end
  out[#out + 1] = age
end
return out
