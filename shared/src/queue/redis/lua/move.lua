#!lua flags=allow-oom
-- Moves what is due into its lane.
-- KEYS 1 due ; ARGV 1 limit 2 prefix of all keys
-- Answers how many were due.
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ids = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])
for _, id in ipairs(ids) do
  local job = ARGV[2] .. ':j:' .. id
  local st, l, kind, what = unpack(redis.call('HMGET', job, 'st', 'l', 'kind', 'what'))
  if st == 'scheduled' then
    local sid = redis.call('XADD', ARGV[2] .. ':s:' .. l, '*', 'j', id, 'kind', kind, 'what', what)
    redis.call('HSET', job, 'st', 'queued', 'sid', sid)
  end
  redis.call('ZREM', KEYS[1], id)
end
return #ids
