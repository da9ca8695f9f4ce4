"""The same newsroom with a sandbox behind it as the money tests have."""

from tests.payments.conftest import newsroom, sandbox, settings

__all__ = ["newsroom", "sandbox", "settings"]
