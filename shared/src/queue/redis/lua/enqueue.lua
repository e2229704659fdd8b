-- Puts a job on its lane, or on it again when its entry was lost. No allow-oom: a full server refuses new work.
-- KEYS 1 job 2 lane 3 due 4 epoch
-- ARGV 1 epoch 2 id 3 lane 4 kind 5 what 6 payload 7 attempts allowed 8 redelivery delay in ms
-- Answers NEW, DUPLICATE or FENCED.
local seen = tonumber(redis.call('GET', KEYS[4]) or '0')
if tonumber(ARGV[1]) < seen then return 'FENCED' end
if tonumber(ARGV[1]) > seen then redis.call('SET', KEYS[4], ARGV[1]) end
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local st, sid, le = unpack(redis.call('HMGET', KEYS[1], 'st', 'sid', 'le'))
if st then
  local lost = false
  if st == 'scheduled' then lost = not redis.call('ZSCORE', KEYS[3], ARGV[2])
  elseif st == 'queued' or (st == 'running' and tonumber(le) <= now) then
    lost = #redis.call('XRANGE', KEYS[2], sid, sid) == 0
  end
  if not lost then return 'DUPLICATE' end
  if st ~= 'queued' then
    -- It has begun before: whoever held it may still be acting.
    redis.call('HSET', KEYS[1], 'st', 'scheduled', 'o', '', 'sid', '')
    redis.call('ZADD', KEYS[3], now + ARGV[8], ARGV[2])
    return 'NEW'
  end
end
if not st then
  redis.call('HSET', KEYS[1], 'p', ARGV[6], 'l', ARGV[3], 'kind', ARGV[4], 'what', ARGV[5],
    'a', 0, 'n', 0, 'm', ARGV[7], 'rd', ARGV[8], 'q', now)
end
local new = redis.call('XADD', KEYS[2], '*', 'j', ARGV[2], 'kind', ARGV[4], 'what', ARGV[5])
redis.call('HSET', KEYS[1], 'st', 'queued', 'sid', new)
return 'NEW'
