"""The application, for `flask --app app` and for a WSGI server; `python app.py` serves it."""

import sys

from membership.factory import create_app
from membership.serving import serve

__all__ = ["create_app"]

if __name__ == "__main__":
    sys.exit(serve())
