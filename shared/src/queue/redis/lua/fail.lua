#!lua flags=allow-oom
-- Ends a try that went wrong: again later, or dead.
-- KEYS 1 job 2 lane 3 due 4 dead 5 results
-- ARGV 1 group 2 consumer 3 entry 4 fence 5 id 6 error 7 delay in ms 8 again ('1') 9 seconds to keep
-- Answers OK or STALE (also to the same attempt asked again).
local st, o, g, a, m = unpack(redis.call('HMGET', KEYS[1], 'st', 'o', 'g', 'a', 'm'))
if st ~= 'running' or o ~= ARGV[2] or g ~= ARGV[4] then return 'STALE' end
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('XACK', KEYS[2], ARGV[1], ARGV[3]); redis.call('XDEL', KEYS[2], ARGV[3])
if ARGV[8] == '1' and tonumber(a) < tonumber(m) then
  redis.call('HSET', KEYS[1], 'st', 'scheduled', 'o', '', 'sid', '', 'e', ARGV[6])
  redis.call('ZADD', KEYS[3], now + ARGV[7], ARGV[5])
  return 'OK'
end
redis.call('HSET', KEYS[1], 'st', 'dead', 'o', '', 'e', ARGV[6])
redis.call('ZADD', KEYS[4], now, ARGV[5])
redis.call('XADD', KEYS[5], '*', 'j', ARGV[5], 'k', 'dead', 'g', ARGV[4], 'a', a, 'r', ARGV[6],
  'w', redis.call('HGET', KEYS[1], 'w') or '')
redis.call('EXPIRE', KEYS[1], ARGV[9])
return 'OK'
