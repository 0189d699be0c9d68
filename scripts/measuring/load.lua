-- wrk's part of a load: the request is the bytes of the file that is named as argument; the counts are one line of JSON.

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local bytes = file:read("*a")
  file:close()
  request = function() return bytes end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"seconds": %.6f, "answers": %d, "p50": %.6f, "p99": %.6f, "refused": %d, "broken": %d}',
    summary.duration / 1e6, summary.requests, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
