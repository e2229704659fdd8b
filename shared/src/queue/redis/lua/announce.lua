#!lua flags=allow-oom
-- Tells of a worker.
-- KEYS 1 its presence 2 index of workers by expiry ; ARGV 1 consumer 2 presence 3 ms to live
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
return 'OK'
