"""What the tests of topics may ask for besides."""

import pytest
from flask import Flask

from membership.wiring import Seams


@pytest.fixture
def seams(app: Flask) -> Seams:
    """What a worker's tasks are given."""
    found: Seams = app.extensions["seams"]
    return found
