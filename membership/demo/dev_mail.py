"""The dev inbox: the letters that the demo's mail transport has written as files."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import cast

MOST_SHOWN = 200


@dataclass(frozen=True)
class Mail:
    """One letter. `name` is its file's name without ending; `html` is empty if there is none."""

    name: str
    to: str
    sender: str
    subject: str
    sent_at: datetime
    text: str
    html: str
    message_id: str


def newest(folder: Path) -> list[Mail]:
    """Lists the letters, newest first, at most 200."""
    paths = sorted(folder.glob("*.eml"), reverse=True)[:MOST_SHOWN]
    return [_read(path) for path in paths]


def find(folder: Path, name: str) -> Mail | None:
    """Returns one letter, or `None`."""
    path = folder / f"{name}.eml"
    return _read(path) if name.isascii() and name.isdigit() and path.is_file() else None


def _read(path: Path) -> Mail:
    return _taken_apart(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2 * MOST_SHOWN)
def _taken_apart(path: Path, _changed_at: int) -> Mail:
    # Letters stay as they are, and taking two hundred apart takes a second.
    message = message_from_bytes(path.read_bytes(), policy=SMTP)
    return Mail(
        name=path.stem,
        to=str(message["To"]),
        sender=str(message["From"]),
        subject=str(message["Subject"]).strip(),
        sent_at=parsedate_to_datetime(str(message["Date"])),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        message_id=str(message["Message-ID"]),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else str(cast(EmailMessage, part).get_content()).replace("\r\n", "\n").strip()
