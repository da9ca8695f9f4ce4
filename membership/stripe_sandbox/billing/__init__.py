"""What recurs: subscriptions, their invoices, the portal."""
