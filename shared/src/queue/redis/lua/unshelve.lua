#!lua flags=allow-oom
-- Takes a record away; its text, if it was there.
-- KEYS 1 record 2 names by end ; ARGV 1 name
local text = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return text
