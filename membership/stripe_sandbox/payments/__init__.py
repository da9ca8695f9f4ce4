"""Paying: Checkout, ways of paying, intents and charges."""
