#!lua flags=allow-oom
-- Hands a job back at no cost to its attempts.
-- KEYS 1 job 2 lane 3 due ; ARGV 1 group 2 consumer 3 entry 4 fence ('' = delivered, never begun) 5 id 6 delay in ms
-- Answers OK or STALE.
local st, o, g, sid, kind, what = unpack(redis.call('HMGET', KEYS[1], 'st', 'o', 'g', 'sid', 'kind', 'what'))
if ARGV[4] == '' then
  if st ~= 'queued' or sid ~= ARGV[3] then return 'STALE' end
elseif st ~= 'running' or o ~= ARGV[2] or g ~= ARGV[4] then return 'STALE' end
redis.call('XACK', KEYS[2], ARGV[1], ARGV[3]); redis.call('XDEL', KEYS[2], ARGV[3])
if ARGV[4] ~= '' then redis.call('HINCRBY', KEYS[1], 'a', -1) end
if ARGV[6] == '0' then
  local new = redis.call('XADD', KEYS[2], '*', 'j', ARGV[5], 'kind', kind, 'what', what)
  redis.call('HSET', KEYS[1], 'st', 'queued', 'o', '', 'sid', new)
else
  local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
  redis.call('HSET', KEYS[1], 'st', 'scheduled', 'o', '', 'sid', '')
  redis.call('ZADD', KEYS[3], now + ARGV[6], ARGV[5])
end
return 'OK'
