#!lua flags=allow-oom
-- Hands out again what its holder abandoned, and sets aside what was abandoned too often. It looks before it touches:
-- a live holder keeps entry and idle time.
-- KEYS 1 lane 2 due 3 dead 4 results
-- ARGV 1 group 2 idle time in ms 3 limit 4 prefix of all keys 5 deliveries never begun allowed 6 seconds to keep
-- Answers {handed out again, set aside}.
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[2], '-', '+', ARGV[3])
local again, dead = 0, 0
local function abandoned(id, job, st, a, m, rd)
  local text
  if st == 'running' then
    if tonumber(a) >= tonumber(m) then text = 'its holder vanished in each of ' .. a .. ' attempts' end
  else
    local n = redis.call('HINCRBY', job, 'n', 1)
    if n >= tonumber(ARGV[5]) then text = 'it was delivered ' .. n .. ' times and never begun' end
    rd = 0 -- nobody began it, so nobody can be acting
  end
  if text then
    redis.call('HSET', job, 'st', 'dead', 'o', '', 'e', text)
    redis.call('ZADD', KEYS[3], now, id)
    redis.call('XADD', KEYS[4], '*', 'j', id, 'k', 'dead', 'g', redis.call('HGET', job, 'g') or '0', 'a', a, 'r', text,
      'w', redis.call('HGET', job, 'w') or '')
    redis.call('EXPIRE', job, ARGV[6])
    dead = dead + 1
  else
    redis.call('HSET', job, 'st', 'scheduled', 'o', '', 'sid', '')
    redis.call('ZADD', KEYS[2], now + rd, id)
    again = again + 1
  end
end
for _, e in ipairs(pending) do
  local sid = e[1]
  local r = redis.call('XRANGE', KEYS[1], sid, sid)
  if #r == 0 then redis.call('XACK', KEYS[1], ARGV[1], sid)
  else
    local id = r[1][2][2]; local job = ARGV[4] .. ':j:' .. id
    local st, jsid, a, m, le, rd = unpack(redis.call('HMGET', job, 'st', 'sid', 'a', 'm', 'le', 'rd'))
    if not (jsid == sid and st == 'running' and tonumber(le) > now) then
      redis.call('XACK', KEYS[1], ARGV[1], sid); redis.call('XDEL', KEYS[1], sid)
      if jsid == sid and (st == 'running' or st == 'queued') then abandoned(id, job, st, a, m, rd) end
    end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[6] * 1000)
return {again, dead}
