"""The mail that signs in: the code first, so that it can be read off a locked screen, then the link."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from membership.accounts.sign_in import LIFE
from membership.mail.delivery import Post, deliver
from membership.mail.letters import Button, Code, Letter, Line
from membership.newsroom.words import current_newsroom
from membership.outbox.rows import Task


def send(post: Post, task: Task) -> None:
    """Carries out the task `sign_in`; a mail that could not go out while its link lived is dropped."""
    now = post.clock.now()
    if now < datetime.fromisoformat(task.payload["expires_at"]):
        letter = _letter(task, post.settings.base_url)
        deliver(letter, transport=post.mail, sender=post.settings.mail_from, now=now)


def _letter(task: Task, base_url: str) -> Letter:
    payload: Any = task.payload
    newsroom = current_newsroom()
    minutes = LIFE // timedelta(minutes=1)
    return Letter(
        to=payload["email"],
        subject=_("%(code)s is your code for %(newsroom)s", code=payload["code"], newsroom=newsroom.name),
        blocks=(
            Line(_("Type this code on the page where you asked for it:")),
            Code(payload["code"]),
            Line(_("Or press the button; it signs in whichever browser opens it.")),
            Button(_("Sign in"), f"{base_url}/sign-in/{payload['token']}"),
            Line(ngettext("Use one, once, within %(num)s minute.", "Use one, once, within %(num)s minutes.", minutes)),
            Line(_("You did not ask for this? Then do nothing: without the code nobody gets in. Tell it to no one.")),
        ),
        key=f"{task.kind}.{task.key}",
        reply_to=newsroom.reply_to,
        language=newsroom.language,
    )
