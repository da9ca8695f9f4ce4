"""Tiers, pledges and standing."""
