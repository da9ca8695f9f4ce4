"""Serves the application with Granian."""


def serve() -> int:
    """Placeholder."""
    return 0
