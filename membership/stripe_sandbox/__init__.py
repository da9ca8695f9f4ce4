"""A local stand-in for Stripe: the pinned API over HTTP, a hosted Checkout, signed webhooks, a clock of its own."""
