"""Real processes: what is served, what works, what `make run` starts and ends."""
