"""What `make run` starts: the whole demo as one process with three children, which live and end together."""
