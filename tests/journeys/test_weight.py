"""How much a reader's connection has to carry: an article of 2,000 words on the first visit."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Visit
from tests.journeys.demo import Demo
from tests.journeys.manuscripts import USUAL_WORDS, write

MOST_BYTES = 25 * 1024


def test_a_page_with_2000_words_weighs_at_most_25_kb_pictures_aside(
    live: Demo, visit: Visit, chance: random.Random, tmp_path: Path
) -> None:
    shelf = write(tmp_path / "articles", chance, now=datetime.now(UTC))
    live.flask("articles", "import", str(shelf.folder), exit_code=1)
    article = next(each for each in shelf.articles if len(each.body.split()) == USUAL_WORDS)
    reader = visit(width=390)
    network = reader.page.context.new_cdp_session(reader.page)
    kinds: dict[str, str] = {}
    weights: dict[str, int] = {}

    def note_kind(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]

    def note_weight(event: dict[str, Any]) -> None:
        weights[event["requestId"]] = round(event["encodedDataLength"])

    network.on("Network.responseReceived", note_kind)
    network.on("Network.loadingFinished", note_weight)
    network.send("Network.enable")
    reader.go(f"/articles/{article.slug}")
    reader.page.locator("#appeal").scroll_into_view_if_needed()
    reader.page.wait_for_load_state("networkidle")
    carried = {each: weights[each] for each, kind in kinds.items() if kind != "Image"}
    assert {"Document", "Stylesheet", "Script"} <= {kinds[each] for each in carried}
    assert sum(carried.values()) <= MOST_BYTES, {kinds[each]: size for each, size in carried.items()}
