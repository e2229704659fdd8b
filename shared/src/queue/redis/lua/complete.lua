#!lua flags=allow-oom
-- Ends a job with a report: result, state and acknowledgement in one step.
-- KEYS 1 job 2 lane 3 results ; ARGV 1 group 2 consumer 3 entry 4 fence 5 id 6 report 7 seconds to keep
-- Answers OK, also for the same attempt asked again, or STALE.
local st, o, g = unpack(redis.call('HMGET', KEYS[1], 'st', 'o', 'g'))
if o ~= ARGV[2] or g ~= ARGV[4] then return 'STALE' end
if st == 'done' then return 'OK' end
if st ~= 'running' then return 'STALE' end
redis.call('XADD', KEYS[3], '*', 'j', ARGV[5], 'k', 'done', 'g', ARGV[4], 'r', ARGV[6])
redis.call('HSET', KEYS[1], 'st', 'done')
redis.call('XACK', KEYS[2], ARGV[1], ARGV[3]); redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[7])
return 'OK'
