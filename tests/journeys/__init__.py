"""Journeys of people through a real browser, a whole demo newsroom behind it."""

import pytest

# Where steps of a journey assert something, a failure shall say what it saw.
STEPS = ("counting", "crowd", "demo", "giving", "reading", "steps", "visitor", "voting")

pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in STEPS))
