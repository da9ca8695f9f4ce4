"""Storms: real processes on a real database, killed, cut off and flooded; then the books are compared with Stripe's."""
