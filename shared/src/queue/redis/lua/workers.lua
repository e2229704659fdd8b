-- The presences of workers that told of themselves lately, by name.
-- KEYS 1 index of workers by expiry ; ARGV 1 prefix of all keys 2 limit
local names = redis.call('ZRANGE', KEYS[1], 0, ARGV[2] - 1)
table.sort(names)
local out = {}
for _, name in ipairs(names) do
  local p = redis.call('GET', ARGV[1] .. ':w:' .. name)
  if p then out[#out + 1] = p end
end
return out
