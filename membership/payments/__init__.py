"""Attempts, Stripe's events, the mirror of Stripe and the ledger."""
