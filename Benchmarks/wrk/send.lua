-- Sends the requests of a file over and over. Each line: method, path, token, body, separated by tabs. A token that
-- names its scheme is sent as it is.
local requests = {}
local nextOne = 0

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    local headers = { Authorization = token:find(" ") and token or "Bearer " .. token }
    if body == "" then body = nil else headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

function request()
  nextOne = nextOne % #requests + 1
  return requests[nextOne]
end

function done(summary, latency)
  local e = summary.errors
  print(string.format('FIGURES {"requests": %d, "seconds": %f, "p99_us": %d, "errors": %d}', summary.requests,
    summary.duration / 1e6, latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
