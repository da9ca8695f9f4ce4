"""Serves the storm's newsroom with the flags of production: `python -m tests.storms.serve PORT`."""

import sys

from membership.serving import BLOCKING_THREADS, granian
from tests.processes.alive import ADDRESS

TARGET = "tests.storms.newsroom:create_app"


def main() -> None:
    """Serves until SIGTERM."""
    granian(ADDRESS, int(sys.argv[1]), workers=1, threads=BLOCKING_THREADS, target=TARGET).serve()


if __name__ == "__main__":
    main()
