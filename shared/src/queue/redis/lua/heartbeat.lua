#!lua flags=allow-oom
-- Renews a lease. XCLAIM to oneself resets the idle time that reaping looks at; it is safe only behind the check.
-- KEYS 1 job 2 lane ; ARGV 1 group 2 consumer 3 entry 4 lease in ms 5 fence
-- Answers OK or LOST.
local st, o, g = unpack(redis.call('HMGET', KEYS[1], 'st', 'o', 'g'))
if st ~= 'running' or o ~= ARGV[2] or g ~= ARGV[5] then return 'LOST' end
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], 'le', now + ARGV[4])
redis.call('XCLAIM', KEYS[2], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID')
return 'OK'
