-- Casts votes, each of another member.
-- Words: the path of the ballot, and a file with "<cookie> <topic> <topic>" a line.

local path, members, sent = nil, {}, 0

function init(words)
  path = words[1]
  for line in io.lines(words[2]) do
    local cookie, one, other = line:match("^(%S+) (%S+) (%S+)$")
    members[#members + 1] = { cookie = cookie, body = "version=0&choices=" .. one .. "&choices=" .. other }
  end
end

function request()
  sent = sent + 1
  local member = members[sent] or error("more members are needed than were made")
  local headers = {
    ["Accept"] = "application/json",
    ["Content-Type"] = "application/x-www-form-urlencoded",
    ["Sec-Fetch-Site"] = "same-origin",
    ["Cookie"] = member.cookie,
  }
  return wrk.format("POST", path, headers, member.body)
end
