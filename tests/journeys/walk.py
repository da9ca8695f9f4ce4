"""Who takes the walk, and what is known on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.journeys.demo import Demo
from tests.journeys.manuscripts import Shelf
from tests.journeys.visitor import Visitor

DONOR, PATRON, EDITOR = "bohdan@example.org", "Anna.Kovalska@example.org", "olena@example.org"
TITLE, SLUG = "Who guards the “quiet” substations?", "who-guards-the-quiet-substations"
WHY = "Ours hums all night, and nobody stands at its gate. Who is paid to, and where are they?"
ANOTHER_TITLE = "A poem about the bridge, please"
REASON = "We print no poems, but we read yours with pleasure."
ROUND, ROUND_PATH = "Voices of the river", "/rounds/voices-of-the-river"


@dataclass(frozen=True)
class Way:
    """How somebody walks, and what they give once: as typed, as we write it, and as the payment page does."""

    width: int
    dark: bool
    scripts: bool
    currency: str
    typed: str
    written: str
    hosted: str
    minor: int


@dataclass
class Walk:
    """What is known on the way."""

    way: Way
    live: Demo
    shelf: Shelf
    come: Callable[[], Visitor]
    paid: dict[str, tuple[int, str]] = field(default_factory=dict)

    def picture(self, name: str) -> str:
        """Returns the name of a picture that is taken on this walk, and nothing for one of another."""
        return name if self.way.scripts and name.endswith(f"-{self.way.width}") else ""
