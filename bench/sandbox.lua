-- Asks for one product of the sandbox, with a key.

function request()
  return wrk.format("GET", "/v1/products/membership_pledge", { Authorization = "Bearer sk_test_bench" })
end
