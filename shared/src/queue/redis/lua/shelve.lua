-- Keeps a record until it ends, if there is room.
-- KEYS 1 record 2 names by end ; ARGV 1 name 2 text 3 ms to live 4 most records
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 'FULL' end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 'OK'
