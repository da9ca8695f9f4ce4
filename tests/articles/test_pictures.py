"""Pictures as they are served: upright, and without what cameras and programs hide in them."""

from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from membership.articles.pictures import BadPicture, Picture, Shelf

GPS, MAKE, ORIENTATION, ON_ITS_SIDE = 0x8825, 0x010F, 0x0112, 6
CAMERA = "Lantern Mark II"

Shelve = Callable[[bytes], Picture]


@pytest.fixture
def shelve(tmp_path: Path) -> Shelve:
    """Lays a file beside an article and has it copied."""

    def copy(data: bytes) -> Picture:
        (tmp_path / "picture").write_bytes(data)
        return Shelf(tmp_path, tmp_path, tmp_path / "media").copy("picture")

    return copy


def exif(orientation: int = 1) -> Image.Exif:
    """What a telephone writes into a picture: make, orientation, and where it stood."""
    tags = Image.Exif()
    tags[MAKE], tags[ORIENTATION] = CAMERA, orientation
    tags.get_ifd(GPS).update({1: "N", 2: (50.0, 27.0, 13.0), 3: "E", 4: (30.0, 31.0, 24.0)})
    return tags


def text() -> PngInfo:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", f"<x:xmpmeta>{CAMERA}</x:xmpmeta>")
    return info


def drawn(kind: str, **options: Any) -> bytes:
    """A picture of noise, the left half darker, 60 by 40."""
    image = Image.effect_noise((60, 40), 40).convert("RGB")
    image.paste((10, 20, 30), (0, 0, 30, 40))
    saved = BytesIO()
    image.save(saved, kind, **options)
    return saved.getvalue()


def served(tmp_path: Path, picture: Picture) -> bytes:
    return (tmp_path / "media" / picture.url.removeprefix("/media/")).read_bytes()


def test_a_photograph_does_not_tell_where_it_was_taken(shelve: Shelve, tmp_path: Path) -> None:
    original = drawn("JPEG", exif=exif(ON_ITS_SIDE), quality=80)
    assert Image.open(BytesIO(original)).getexif().get_ifd(GPS)
    picture = shelve(original)
    data = served(tmp_path, picture)
    with Image.open(BytesIO(data)) as image:
        assert dict(image.getexif()) == {}
        assert image.size == (picture.width, picture.height) == (40, 60)
        top, bottom = (image.convert("L").resize((1, 2)).getpixel((0, row)) for row in (0, 1))
        assert isinstance(top, int)
        assert isinstance(bottom, int)
        assert top + 50 < bottom
    assert CAMERA.encode() not in data
    assert picture.url == f"/media/{sha256(data).hexdigest()}.jpg"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"exif": exif()}),
        ("JPEG", {"xmp": f"<x:xmpmeta>{CAMERA}</x:xmpmeta>".encode()}),
        ("JPEG", {"comment": CAMERA.encode()}),
        ("PNG", {"exif": exif()}),
        ("PNG", {"pnginfo": text()}),
        ("WEBP", {"exif": exif(), "lossless": True}),
        ("WEBP", {"xmp": f"<x:xmpmeta>{CAMERA}</x:xmpmeta>".encode()}),
    ],
    ids=["jpeg-exif", "jpeg-xmp", "jpeg-comment", "png-exif", "png-xmp", "webp-exif", "webp-xmp"],
)
def test_nothing_hidden_is_served_and_the_picture_stays_as_it_was(
    shelve: Shelve, tmp_path: Path, kind: str, options: dict[str, Any]
) -> None:
    original = drawn(kind, **options)
    assert CAMERA.encode() in original
    data = served(tmp_path, shelve(original))
    assert CAMERA.encode() not in data
    before, after = Image.open(BytesIO(original)), Image.open(BytesIO(data))
    assert (before.size, before.format) == (after.size, after.format)
    assert furthest(before, after) <= (0 if kind == "PNG" or "lossless" in options else 40)


@pytest.mark.parametrize("behind", [CAMERA.encode(), CAMERA.encode() + b"\xff\xd9", b"\xff\xe1\x00\x04GP\xff\xd9"])
def test_what_stands_behind_a_photograph_s_end_is_not_served(shelve: Shelve, tmp_path: Path, behind: bytes) -> None:
    data = served(tmp_path, shelve(drawn("JPEG") + behind))
    assert not data.endswith(behind)
    assert CAMERA.encode() not in data


def test_a_telephone_s_second_picture_is_not_served(shelve: Shelve, tmp_path: Path) -> None:
    picture = shelve(drawn("MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))]))
    with Image.open(BytesIO(served(tmp_path, picture))) as image:
        assert image.format == "JPEG"
    assert picture.url.endswith(".jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_hides_nothing_is_served_byte_for_byte(shelve: Shelve, tmp_path: Path, kind: str) -> None:
    profile = {"icc_profile": b"a profile of colours"}
    for options in ({}, profile, {"progressive": True} if kind == "JPEG" else {}):
        original = drawn(kind, **options)
        assert served(tmp_path, shelve(original)) == original


def test_a_picture_that_moves_and_hides_something_is_refused_rather_than_stopped(shelve: Shelve) -> None:
    moving = drawn("WEBP", save_all=True, append_images=[Image.new("RGB", (60, 40))], exif=exif())
    with pytest.raises(BadPicture, match="animated and carries hidden data"):
        shelve(moving)


def furthest(one: Image.Image, other: Image.Image) -> int:
    """How far the two most different points of two pictures lie apart, 0 to 255."""
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return max(abs(left - right) for left, right in pairs)
