-- Posts signed events, each once.
-- Words: a file with "<number of body> <event id> <signature>" a line, and the files of the bodies,
-- in which the event id stands as "@@@".

local bodies, deliveries, sent = {}, {}, 0

function init(words)
  for number = 2, #words do
    local file = io.open(words[number], "rb")
    local before, after = file:read("*a"):match("^(.-)@@@(.*)$")
    bodies[number - 1] = { before = before, after = after }
    file:close()
  end
  for line in io.lines(words[1]) do
    local number, id, signature = line:match("^(%S+) (%S+) (%S+)$")
    deliveries[#deliveries + 1] = { body = bodies[tonumber(number)], id = id, signature = signature }
  end
end

function request()
  sent = sent + 1
  local delivery = deliveries[sent] or error("more events are needed than were signed")
  local headers = { ["Content-Type"] = "application/json; charset=utf-8", ["Stripe-Signature"] = delivery.signature }
  return wrk.format("POST", "/stripe/webhook", headers, delivery.body.before .. delivery.id .. delivery.body.after)
end
