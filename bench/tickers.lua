-- Requests for 300 tickers in random order; the seed is the same for every server and round.
local paths = {}

function init(args)
  math.randomseed(7)
  for i = 1, 4096 do
    paths[i] = wrk.format("GET", string.format("/api/tickers/binance/SYM%03d-USDT", math.random(0, 299)))
  end
end

local at = 0
function request()
  at = at % #paths + 1
  return paths[at]
end

function done(summary, latency, requests)
  io.write(string.format(
    "RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.status + summary.errors.timeout))
end
