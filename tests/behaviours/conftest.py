"""The newsroom of the money tests with a sandbox behind it; and one that loses patience with Stripe quickly."""

from tests.payments.conftest import impatient, newsroom, sandbox, settings

__all__ = ["impatient", "newsroom", "sandbox", "settings"]
