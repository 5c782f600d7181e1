-- POSTs bodies that are no two alike: the text of each has numbers in many places, so that no part of one is known
-- from another. The runner says the rest by environment variables, as for wrk.lua.

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local headers = { ["content-type"] = "application/json" }
for name, value in (os.getenv("BENCH_HEADERS") or ""):gmatch("([^:\n]+): ([^\n]+)") do
    headers[name] = value
end

-- Pieces of a body, between which a number stands that no other request has.
local pieces = {}
local from = 1
local body = read(os.getenv("BENCH_BODY"))
while true do
    local start, stop = body:find("@@@@@@@@", from, true)
    pieces[#pieces + 1] = body:sub(from, (start or 0) - 1)
    if not start then break end
    from = stop + 1
end

local path
local count = 0

function init(arguments)
    path = wrk.path
    math.randomseed(os.time())
    count = math.random(0, 9999) * 10000
end

function request()
    count = count + 1
    return wrk.format("POST", path, headers, table.concat(pieces, string.format("%08d", count % 100000000)))
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"p50_us":%d,"p99_us":%d,' ..
        '"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
        summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50), latency:percentile(99),
        errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
