"""Reconciliation: what stands at Stripe beside what stands here, what differs, and how it is mended."""
