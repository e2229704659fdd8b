#!lua flags=allow-oom
-- Begins a delivered job. Asked twice by the same consumer it gives the same answer.
-- KEYS 1 job 2 lane ; ARGV 1 group 2 consumer 3 entry 4 lease in ms 5 holders remembered
-- Answers {fence, payload, kind, what, redelivery delay}, or nothing if the entry was superseded: it is removed.
local st, sid, o, g, p, kind, what, rd =
  unpack(redis.call('HMGET', KEYS[1], 'st', 'sid', 'o', 'g', 'p', 'kind', 'what', 'rd'))
if st == 'running' and sid == ARGV[3] and o == ARGV[2] then return {tonumber(g), p, kind, what, tonumber(rd)} end
if st ~= 'queued' or sid ~= ARGV[3] then
  redis.call('XACK', KEYS[2], ARGV[1], ARGV[3]); redis.call('XDEL', KEYS[2], ARGV[3])
  return false
end
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HINCRBY', KEYS[1], 'a', 1)
local fence = redis.call('HINCRBY', KEYS[1], 'g', 1)
-- Who held it, the latest last: for people, if it is set aside. Names have no spaces.
local held = {}
for name in string.gmatch((redis.call('HGET', KEYS[1], 'w') or '') .. ' ' .. ARGV[2], '%S+') do table.insert(held, name) end
while #held > tonumber(ARGV[5]) do table.remove(held, 1) end
redis.call('HSET', KEYS[1], 'st', 'running', 'o', ARGV[2], 'le', now + ARGV[4], 'w', table.concat(held, ' '))
return {fence, p, kind, what, tonumber(rd)}
