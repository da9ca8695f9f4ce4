"""The command that reconciles, as tests run it and read what it says."""

import re
from dataclasses import dataclass

from tests.money import World

HEAD = re.compile(r"^(payment|pledge|attempt|payout|line) (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """What the command said: its exit code, its text, and what it named."""

    code: int
    text: str

    @property
    def named(self) -> list[tuple[str, str]]:
        return [(match[1], match[2]) for match in HEAD.finditer(self.text)]


def reconcile(newsroom: World, *options: str) -> Said:
    """Runs `stripe reconcile` with these options."""
    with newsroom.app.app_context():
        result = newsroom.app.test_cli_runner().invoke(args=["stripe", "reconcile", *options])
    return Said(int(result.exit_code), result.output)
