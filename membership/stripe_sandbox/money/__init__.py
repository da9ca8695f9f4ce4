"""What becomes of money after the charge: the balance, refunds, disputes, payouts."""
