"""The letter that tells somebody all their news: in parts, with the way to stop it that mail programs know."""

from collections.abc import Iterable
from dataclasses import replace

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from membership.accounts.mail_choices import Kinds, Told
from membership.accounts.models import Account, News
from membership.accounts.news import mark_told, take
from membership.accounts.unsubscribing import unsubscribe_path
from membership.db import release, transaction
from membership.mail.delivery import deliver
from membership.mail.letters import Block, Heading, Letter, Line, Link
from membership.mail.posting import PostWithRows
from membership.newsroom.signed_letter import signed
from membership.outbox.rows import Task
from membership.web.current import now


def send_news(post: PostWithRows, task: Task, kinds: Kinds) -> None:
    """Carries out the task `news_letter`: takes what waits, sends it, and keeps when it was told."""
    with post.database.session() as session:
        with transaction(session):
            taken = take(session, task, now=post.clock.now())
        if taken is None:
            return
        letter = _written(session, *taken, kinds, base_url=post.settings.base_url)
        release(session)
        if letter is not None:
            letter = replace(letter, key=f"{task.kind}.{task.key}")
            deliver(letter, transport=post.mail, sender=post.settings.mail_from, now=post.clock.now())
        with transaction(session):
            mark_told(session, task.key, now=post.clock.now())


def _written(session: Session, account: Account, news: Iterable[News], kinds: Kinds, *, base_url: str) -> Letter | None:
    written = {
        each: told
        for each in news
        if each.kind in kinds and (told := kinds[each.kind].write(session, each.payload, base_url=base_url)) is not None
    }
    if not written:
        return None
    said = tuple(written.values())
    letter = signed(
        account.email,
        subject=_subject(said),
        blocks=said[0].blocks if len(said) == 1 else _in_parts(said),
        key="",
        language=account.language,
    )
    stops = sorted({each.kind for each in written})
    url = base_url + unsubscribe_path(account, stops, now=now())
    return replace(letter, blocks=(*letter.blocks, *_foot(url, base_url)), headers=_stop_headers(url))


def _subject(said: tuple[Told, ...]) -> str:
    if len(said) == 1:
        return said[0].subject
    others = len(said) - 1
    return str(ngettext("%(first)s, and one more", "%(first)s, and %(num)s more", others, first=said[0].subject))


def _in_parts(said: tuple[Told, ...]) -> tuple[Block, ...]:
    return tuple(block for told in said for block in (Heading(told.subject), *told.blocks))


def _foot(url: str, base_url: str) -> tuple[Block, ...]:
    return (
        Line(str(_("We write news like this at most once a week, all of it in one letter."))),
        Link(str(_("Stop letters like this one")), url),
        Link(str(_("Choose which letters you get")), f"{base_url}/account/mail"),
    )


def _stop_headers(url: str) -> tuple[tuple[str, str], ...]:
    link = ("List-Unsubscribe", f"<{url}>")
    # One click in the mail program itself, without a page: RFC 8058, which knows https alone.
    one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return (link, one_click) if url.startswith("https:") else (link,)
