"""From a side effect that is due to a letter on its way: read, write the letter, close the session, send."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from membership.db import Database
from membership.mail.delivery import Post, deliver
from membership.mail.letters import Letter

Write = Callable[..., Letter | tuple[Letter, ...] | None]


class PostWithRows(Post, Protocol):
    """What it takes to send a letter that is written from rows."""

    @property
    def database(self) -> Database: ...


class Due(Protocol):
    """What of a side effect a letter is written from."""

    @property
    def payload(self) -> Mapping[str, Any]: ...


def posting(write: Write) -> Callable[[PostWithRows, Due], None]:
    """Makes the task that sends what `write(session, payload, base_url=)` returns: a letter, several, or none."""

    def send(post: PostWithRows, task: Due) -> None:
        with post.database.session() as session:
            letters = _listed(write(session, task.payload, base_url=post.settings.base_url))
        for letter in letters:
            deliver(letter, transport=post.mail, sender=post.settings.mail_from, now=post.clock.now())

    return send


def _listed(written: Letter | tuple[Letter, ...] | None) -> tuple[Letter, ...]:
    if written is None:
        return ()
    return written if isinstance(written, tuple) else (written,)
