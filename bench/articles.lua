-- Asks for articles at random; one request in ten carries a session cookie.
-- Words: a file with a slug a line, and the cookie.

local plain, signed_in = {}, {}

function init(words)
  for slug in io.lines(words[1]) do
    local path = "/articles/" .. slug
    plain[#plain + 1] = wrk.format("GET", path)
    signed_in[#signed_in + 1] = wrk.format("GET", path, { Cookie = words[2] })
  end
  math.randomseed(os.time())
end

function request()
  local kind = math.random(10) == 1 and signed_in or plain
  return kind[math.random(#kind)]
end
