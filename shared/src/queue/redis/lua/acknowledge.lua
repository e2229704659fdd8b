#!lua flags=allow-oom
-- Forgets results, for the leader that the queue knows as the newest, or a newer one.
-- KEYS 1 results 2 epoch ; ARGV 1 epoch, then entries
-- Answers OK or FENCED.
local seen = tonumber(redis.call('GET', KEYS[2]) or '0')
if tonumber(ARGV[1]) < seen then return 'FENCED' end
if tonumber(ARGV[1]) > seen then redis.call('SET', KEYS[2], ARGV[1]) end
redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
return 'OK'
