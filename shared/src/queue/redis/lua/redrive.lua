-- Puts a job set aside back on its lane with its attempts forgotten (its fence stays: an earlier holder may have acted).
-- KEYS 1 job 2 dead ; ARGV 1 id 2 prefix of all keys
-- Answers 1, or 0 if it is not set aside.
local st, l, kind, what = unpack(redis.call('HMGET', KEYS[1], 'st', 'l', 'kind', 'what'))
redis.call('ZREM', KEYS[2], ARGV[1])
if st ~= 'dead' then return 0 end
redis.call('PERSIST', KEYS[1])
local sid = redis.call('XADD', ARGV[2] .. ':s:' .. l, '*', 'j', ARGV[1], 'kind', kind, 'what', what)
redis.call('HSET', KEYS[1], 'st', 'queued', 'a', 0, 'n', 0, 'o', '', 'sid', sid)
return 1
