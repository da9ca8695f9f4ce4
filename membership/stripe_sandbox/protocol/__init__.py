"""How the API speaks: requests decoded, answers shaped, refusals in Stripe's words."""
