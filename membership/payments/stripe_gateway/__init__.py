"""The one place that talks to Stripe; takes and returns records of ours."""
