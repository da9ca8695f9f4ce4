"""What can be done to a sandbox by hand: the clock, faults, a past, snapshots."""
