-- Pushes ten edits at a time from many devices in turn, so that no device has two pushes under way: its sequence is
-- dense. The file has a device on each line: its id, token, epoch, version, last sequence and the values that its ten
-- rows hold, each preceded by its edit's constant parts.
local devices = {}
local byRank = {}
local nextOne = 0
wrongAnswers = 0
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  for line in io.lines(args[1]) do
    local fields = {}
    for field in (line .. "\t"):gmatch("([^\t]*)\t") do fields[#fields + 1] = field end
    local device = {
      id = fields[1], head = "", token = fields[2], epoch = fields[3], version = fields[4],
      sequence = tonumber(fields[5]), edits = {},
    }
    for place = 6, #fields, 4 do
      device.edits[#device.edits + 1] = {
        -- type and id and dossier, field, quote around the value, value
        what = fields[place], field = fields[place + 1], kind = fields[place + 2], was = fields[place + 3],
      }
    end
    devices[#devices + 1] = device
    byRank[math.floor(device.sequence / 1e9)] = device
  end
  math.randomseed(os.time())
end

-- wrk asks for one request that it does not send, to look at.
local isAsked = false

function request()
  if not isAsked then
    isAsked = true
    return wrk.format("GET", "/")
  end
  nextOne = nextOne % #devices + 1
  local device = devices[nextOne]
  local parts = {}
  for place, edit in ipairs(device.edits) do
    device.sequence = device.sequence + 1
    local value = '"' .. edit.kind .. " " .. math.random(1, 1000000000) .. '"'
    parts[place] = string.format(
      '{"seq":%.0f,"hlc":"2026-11-22T08:00:00.000Z-0-a","base":{"epoch":"%s","v":%s},%s,"op":"set",' ..
      '"set":{"%s":%s},"was":{"%s":%s},"schema":1}',
      device.sequence, device.epoch, device.version, edit.what, edit.field, value, edit.field, edit.was)
    edit.was = value
  end
  local body = '{"device":"' .. device.id .. '","mutations":[' .. table.concat(parts, ",") .. "]}"
  return wrk.format("POST", "/v1/sync/push",
    { Authorization = "Bearer " .. device.token, ["Content-Type"] = "application/json" }, body)
end

function response(status, headers, body)
  local settled = 0
  for _ in body:gmatch('"status":"applied"') do settled = settled + 1 end
  for _ in body:gmatch('"status":"merged"') do settled = settled + 1 end
  local lmid = tonumber(body:match('"lmid":(%d+)') or "0")
  local device = byRank[math.floor(lmid / 1e9)]
  if status ~= 200 or settled ~= 10 or not device then
    wrongAnswers = wrongAnswers + 1
    if wrongAnswers <= 3 then io.stderr:write(status, " ", body, "\n") end
    return
  end
  device.version = body:match('"v":(%d+)')
end

function done(summary, latency)
  local e = summary.errors
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrongAnswers") end
  print(string.format('FIGURES {"requests": %d, "seconds": %f, "p99_us": %d, "errors": %d}', summary.requests,
    summary.duration / 1e6, latency:percentile(99), wrong + e.connect + e.read + e.write + e.timeout))
end
