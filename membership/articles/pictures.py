"""Pictures of articles: found beside the file, looked at, and copied to where they are served from."""

import os
import re
import warnings
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from PIL import Image, UnidentifiedImageError

from membership.articles.metadata import bared, is_bare

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 50_000_000
NEIGHBOUR = "pictures"
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
NAME = re.compile(r"[0-9a-f]{64}\.(?P<ending>png|jpg|webp)", re.ASCII)

_ENDINGS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}


class BadPicture(Exception):  # noqa: N818 - said of the picture, not of the program
    """A picture is missing, lies outside of the import, is broken, too large or of another kind."""


@dataclass(frozen=True)
class Picture:
    """A picture in the store: its address on the site, and its size in pixels as it is shown."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class Seen:
    """A picture that was looked at: its bytes as they are served, without what was hidden in them."""

    data: bytes
    ending: str
    width: int
    height: int


@dataclass(frozen=True)
class Shelf:
    """Where the pictures of one file may lie, and the folder to which they are copied.

    `beside` is the file's folder; nothing outside of `limit` is read.
    """

    beside: Path
    limit: Path
    media: Path

    def copy(self, reference: str) -> Picture:
        """Copies the picture that a file calls `reference` and returns it; raises `BadPicture`."""
        seen = _look_at(_read(self._find(reference)))
        name = f"{sha256(seen.data).hexdigest()}.{seen.ending}"
        _store(self.media / name, seen.data)
        return Picture(f"/media/{name}", seen.width, seen.height)

    def _find(self, reference: str) -> Path:
        if "\0" in reference or Path(reference).is_absolute():
            raise BadPicture("must be a file name relative to the article")
        try:
            found = self._existing(reference)
        except (OSError, RuntimeError) as error:
            # A name of more than 255 bytes, a folder that may not be entered, a link that leads to itself.
            raise BadPicture(f"cannot be looked for: {getattr(error, 'strerror', error)}") from error
        if found is None:
            raise BadPicture(f"was not found, neither beside the article nor in ../{NEIGHBOUR}")
        if not found.is_relative_to(self.limit):
            raise BadPicture("lies outside of the folder that is imported")
        if found.stat().st_size > LARGEST_BYTES:
            raise BadPicture(f"is larger than {LARGEST_BYTES // 1024 // 1024} MB")
        return found

    def _existing(self, reference: str) -> Path | None:
        candidates = [(folder / reference).resolve() for folder in (self.beside, self.beside.parent / NEIGHBOUR)]
        return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadPicture(f"cannot be read: {error.strerror}") from error


def _look_at(data: bytes) -> Seen:
    """Decodes every pixel, so that half a picture is noticed, and takes out what cameras and programs hide in it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=tuple(_ENDINGS)) as image:
                _refuse_giant(image.size)
                image.load()
                return _bare(image, data)
    except UnidentifiedImageError as error:
        raise BadPicture("is no PNG, JPEG or WebP") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _giant() from error
    except (OSError, SyntaxError, ValueError) as error:
        raise BadPicture(f"is broken: {error}") from error


def _bare(image: Image.Image, data: bytes) -> Seen:
    # Some telephones put a second picture behind the first, and Pillow then speaks of MPO.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if is_bare(data, kind):
        return Seen(data, _ENDINGS[kind], *image.size)
    if kind != "JPEG" and getattr(image, "is_animated", False):
        raise BadPicture("is animated and carries hidden data, like a place or a name: save it without")
    anew, (width, height) = bared(image, kind, data)
    return Seen(anew, _ENDINGS[kind], width, height)


def _refuse_giant(size: tuple[int, int]) -> None:
    if size[0] * size[1] > LARGEST_PIXELS:
        raise _giant()


def _giant() -> BadPicture:
    return BadPicture(f"has more than {LARGEST_PIXELS // 1_000_000} million pixels")


def _store(path: Path, data: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as unfinished:
        unfinished.write(data)
    Path(unfinished.name).chmod(0o644)
    os.replace(unfinished.name, path)
