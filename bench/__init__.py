"""Figures of speed and size, each beside bare Flask on the same machine: `make bench`."""
