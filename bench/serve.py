"""Serves one application with the flags of production: `python -m bench.serve TARGET PORT`."""

import sys

from membership.serving import BLOCKING_THREADS, granian

WORKERS = 1


def main() -> None:
    """Serves until SIGTERM."""
    target, port = sys.argv[1:]
    granian("127.0.0.1", int(port), workers=WORKERS, threads=BLOCKING_THREADS, target=target).serve()


if __name__ == "__main__":
    main()
