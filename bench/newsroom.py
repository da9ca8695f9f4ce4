"""A newsroom to measure: settings, a migrated database with 200 articles, and a reader who is signed in."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from bench.processes import flask
from membership.accounts import sessions
from membership.accounts.people import account_for, verify
from membership.db import current_session, transaction
from membership.factory import create_app
from membership.settings import PREFIX, ROOT, from_environment
from membership.web.current import now

WEBHOOK_SECRET = "whsec_of_the_bench"  # noqa: S105 - invented
WORDS = ROOT / "membership" / "demo" / "newsroom.toml"


@dataclass(frozen=True)
class Newsroom:
    """`environ` is what its servers are started with, as in production; `with_sandbox` what speaks with the sandbox.

    `cookie` is the header of a reader who is signed in.
    """

    environ: Mapping[str, str]
    with_sandbox: Mapping[str, str]
    slugs: tuple[str, ...]
    cookie: str


def make(folder: Path, database_url: str, stripe: str, articles: Path, slugs: tuple[str, ...]) -> Newsroom:
    """Makes a newsroom by its own commands; `stripe` is where the sandbox answers."""
    environ = environ_of(folder, database_url)
    for words in (("db", "upgrade"), ("newsroom", "load", str(WORDS)), ("articles", "import", str(articles))):
        flask(environ, *words)
    with_sandbox = environ | named(MODE="demo", STRIPE_API_BASE=stripe)
    with application(environ) as app:
        return Newsroom(environ, with_sandbox, slugs, _cookie(app))


@contextmanager
def application(environ: Mapping[str, str]) -> Iterator[Flask]:
    """Makes the application in this process, for what needs no server."""
    app = create_app(from_environment(environ))
    with app.app_context():
        yield app
    app.extensions["database"].close()


def environ_of(instance: Path, database_url: str) -> dict[str, str]:
    """Returns the environment of a newsroom's processes, as in production."""
    """Returns the environment of a newsroom in a folder and on a database, as in production."""
    # Bytecode is written, as at set-up; and nothing of the operator's own newsroom shows through.
    passed = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return passed | named(
        MODE="test",
        INSTANCE=str(instance),
        DATABASE_URL=database_url,
        SECRET_KEY="s" * 32,
        STRIPE_SECRET_KEY="sk_test_bench",  # noqa: S106 - invented
        STRIPE_WEBHOOK_SECRETS=WEBHOOK_SECRET,
        MAIL_URL="smtp://127.0.0.1:1",
    )


def named(**values: str) -> dict[str, str]:
    """Returns settings under the names that they have in the environment."""
    return {PREFIX + name: value for name, value in values.items()}


def _cookie(app: Flask) -> str:
    with transaction(current_session()) as session:
        account, _ = account_for(session, "reader@example.org", language="en", now=now())
        verify(session, account, now=now())
        secret = sessions.begin(session, account, now=now())
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    if signer is None:
        raise RuntimeError("the application has no secret key")
    return f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps({'_user_id': secret})}"
