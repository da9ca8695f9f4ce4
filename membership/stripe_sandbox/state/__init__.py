"""What the sandbox remembers, and how time passes in it."""
