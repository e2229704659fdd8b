#!lua flags=allow-oom
-- Takes a worker's leave. A consumer with something pending stays: deleting it would drop those entries for good.
-- KEYS 1 its presence 2 index of workers, then lanes ; ARGV 1 group 2 consumer
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[2])
for i = 3, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 and #redis.call('XPENDING', KEYS[i], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[i], ARGV[1], ARGV[2])
  end
end
return 'OK'
