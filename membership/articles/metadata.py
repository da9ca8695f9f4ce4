"""What cameras and programs hide in a picture: where it was taken, with which device, by whom. It must not be served.

A picture's parts are compared with a list of those that only say how it looks; anything else counts as hidden.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling

_START_OF_SCAN = 0xDA
_APP0, _APP2, _APP14, _APP15, _COMMENT = 0xE0, 0xE2, 0xEE, 0xEF, 0xFE
# Of the segments for applications: density, colour profile, and how colours were turned.
_HARMLESS_SEGMENTS = ((_APP0, b"JFIF\0"), (_APP2, b"ICC_PROFILE\0"), (_APP14, b"Adobe"))

_HARMLESS: Mapping[str, frozenset[bytes]] = {
    "PNG": frozenset(b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD pHYs cICP acTL fcTL fdAT".split()),
    "WEBP": frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP", b"ANIM", b"ANMF")),
}
_HIDDEN = b"hidden"


def is_bare(data: bytes, kind: str) -> bool:
    """Says whether a picture of the kind (PNG, JPEG, WEBP) holds nothing but itself, and no orientation either."""
    if kind == "JPEG":
        return _HIDDEN not in _jpeg_parts(data)
    parts = {"PNG": _png_parts, "WEBP": _webp_parts}[kind]
    return _HARMLESS[kind].issuperset(parts(data))


def bared(image: Image.Image, kind: str, data: bytes) -> tuple[bytes, tuple[int, int]]:
    """Saves an opened picture anew, upright and without all that is hidden in it; returns it with its size."""
    options = _AS_BEFORE[kind](image, data)
    upright = ImageOps.exif_transpose(image)
    upright.info = {name: upright.info[name] for name in ("icc_profile", "transparency") if name in upright.info}
    saved = BytesIO()
    upright.save(saved, kind, **options)
    return saved.getvalue(), upright.size


def _jpeg_as_before(image: Image.Image, _data: bytes) -> dict[str, Any]:
    # What quality="keep" does, which a picture that was turned is not allowed.
    tables = getattr(image, "quantization", None)
    return {"qtables": tables, "subsampling": get_sampling(image), "optimize": True}


def _webp_as_before(_image: Image.Image, data: bytes) -> dict[str, Any]:
    return {"lossless": True} if b"VP8L" in _webp_parts(data) else {"quality": 90}


_AS_BEFORE: Mapping[str, Callable[[Image.Image, bytes], dict[str, Any]]] = {
    "JPEG": _jpeg_as_before,
    "PNG": lambda _image, _data: {},
    "WEBP": _webp_as_before,
}


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    """Yields what is hidden: segments of applications and comments, and whatever follows the picture's end."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _START_OF_SCAN:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        content = data[at + 4 : at + 2 + length]
        is_of_program = _APP0 <= marker <= _APP15 or marker == _COMMENT
        if is_of_program and not any(marker == each and content.startswith(name) for each, name in _HARMLESS_SEGMENTS):
            yield _HIDDEN
        at += 2 + length
    # In the picture's own data, 0xFF is always followed by 0 or a restart; so a segment there is no accident.
    if data.find(b"\xff\xd9", at) != len(data) - 2 or re.search(rb"\xff[\xe0-\xef\xfe]", data[at:]):
        yield _HIDDEN


def _png_parts(data: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        yield data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")


def _webp_parts(data: bytes) -> Iterator[bytes]:
    at = 12
    while at < len(data):
        yield data[at : at + 4]
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
