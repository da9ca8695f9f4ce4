"""What `make run` says when everything is there: where to go, and how to come in."""

from flask import Flask

from membership.accounts.sign_in import print_link
from membership.db import current_session, transaction
from membership.demo.content import EDITOR, FINANCE
from membership.supervising.surroundings import Surroundings
from membership.web.current import now

TEXT = """
  The newsroom    {base}
  Its letters     {base}/dev/mail
  Stripe's stand-in, with its clock   {sandbox}/_sandbox

  Staff           {base}/staff/
    as {editor}    {editor_link}
    as {finance}   {finance_link}
    Each link works once, for ten minutes. Or sign in at {base}/sign-in
    with one of these addresses: link and code then stand in the letters.
    A new link: {flask} accounts sign-in-link {editor}

  Pay with the card 4242 4242 4242 4242; 4000 0000 0000 0002 is declined.
  Logs: {logs}
  Ctrl-C ends everything.
"""


def directions(app: Flask, around: Surroundings) -> str:
    """Returns the text, with fresh sign-in links for the demo's staff."""
    return TEXT.format(
        base=around.base_url,
        sandbox=around.sandbox_url,
        editor=EDITOR,
        finance=FINANCE,
        editor_link=_link(app, around, EDITOR),
        finance_link=_link(app, around, FINANCE),
        flask=".venv/bin/flask --app app",
        logs=around.instance / "logs",
    )


def _link(app: Flask, around: Surroundings, email: str) -> str:
    with app.app_context(), transaction(current_session()) as session:
        token = print_link(session, email, now=now())
    return f"{around.base_url}/sign-in/{token}"
