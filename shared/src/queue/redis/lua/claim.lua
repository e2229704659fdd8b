-- Takes up to `want` entries in strict order of the lanes, without waiting.
-- KEYS lanes in order of priority ; ARGV 1 group 2 consumer 3 want
-- Answers {lane index, entry, job id} for each.
local out, left = {}, tonumber(ARGV[3])
for i, k in ipairs(KEYS) do
  if left <= 0 then break end
  local r = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', left, 'STREAMS', k, '>')
  if r then
    for _, e in ipairs(r[1][2]) do out[#out + 1] = {i, e[1], e[2][2]}; left = left - 1 end
  end
end
return out
