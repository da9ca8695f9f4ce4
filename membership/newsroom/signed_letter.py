"""A letter as the newsroom signs it: at its end stands the person who reads answers, and answers go to them."""

from flask_babel import gettext as _

from membership.mail.letters import Block, Letter, Line
from membership.newsroom.words import current_newsroom


def signed(to: str, *, subject: str, blocks: tuple[Block, ...], key: str, language: str = "en") -> Letter:
    """Makes a letter with its last line and its Reply-To; `key` makes its Message-ID."""
    newsroom = current_newsroom()
    questions = Line(str(_("Questions: just answer, %(person)s reads this.", person=newsroom.reply_to_name)))
    return Letter(
        to=to, subject=subject, blocks=(*blocks, questions), key=key, reply_to=newsroom.reply_to, language=language
    )
