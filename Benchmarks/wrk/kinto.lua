-- Ten records of Kinto's written in one batch, each with a value that differs every time. The arguments: how many
-- records there are, the credential.
local records = 0
local authorization = ""
wrongAnswers = 0
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  records = tonumber(args[1])
  authorization = args[2]
  math.randomseed(os.time())
end

function request()
  local parts = {}
  local first = math.random(0, records - 11)
  for place = 1, 10 do
    parts[place] = string.format(
      '{"method":"PATCH","path":"/buckets/peer/collections/rows/records/row-%d","body":{"data":{"note":"Note %d"}}}',
      first + place, math.random(1, 1000000000))
  end
  return wrk.format("POST", "/v1/batch", { Authorization = authorization, ["Content-Type"] = "application/json" },
    '{"requests":[' .. table.concat(parts, ",") .. "]}")
end

function response(status, headers, body)
  local settled = 0
  for _ in body:gmatch('"status": ?200') do settled = settled + 1 end
  if status ~= 200 or settled ~= 10 then
    wrongAnswers = wrongAnswers + 1
    if wrongAnswers <= 3 then io.stderr:write(status, " ", body:sub(1, 500), "\n") end
  end
end

function done(summary, latency)
  local e = summary.errors
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrongAnswers") end
  -- Kinto refuses batches that hit one another: they take its time and are no work done.
  print(string.format('FIGURES {"requests": %d, "seconds": %f, "p99_us": %d, "errors": %d}',
    summary.requests - wrong, summary.duration / 1e6, latency:percentile(99), e.connect + e.read + e.write + e.timeout))
end
