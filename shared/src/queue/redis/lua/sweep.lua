-- Removes consumers that have nothing pending and have not been heard of for long: those of crashed processes.
-- KEYS lanes ; ARGV 1 group 2 idle time in ms
-- Answers how many.
local gone = 0
for _, k in ipairs(KEYS) do
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', k, ARGV[1])) do
    local c = {}
    for i = 1, #flat, 2 do c[flat[i]] = flat[i + 1] end
    if c['pending'] == 0 and c['idle'] > tonumber(ARGV[2]) then
      redis.call('XGROUP', 'DELCONSUMER', k, ARGV[1], c['name'])
      gone = gone + 1
    end
  end
end
return gone
