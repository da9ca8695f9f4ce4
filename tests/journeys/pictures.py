"""Pictures of pages for the README: as large as a window, in few colours, so that they weigh little."""

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from membership.settings import ROOT

FOLDER = ROOT / "docs" / "pictures"
COLOURS = 128


def folder() -> Path | None:
    """Says where the pictures go, or `None`: a mere test run leaves them as they are. `PICTURES=1` asks for them."""
    return FOLDER if os.environ.get("PICTURES") else None


def take_picture(page: Page, path: Path) -> None:
    """Keeps what the top of a page shows in its window."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
