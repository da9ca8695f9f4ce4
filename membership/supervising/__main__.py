"""`make run`: starts the sandbox, sets it up, starts app and worker, loads the demo, and says where to go."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

import click
from flask import Flask
from flask.cli import ScriptInfo

from membership.clock import monotonic
from membership.factory import create_app
from membership.settings import ROOT, SettingsError, from_environment, keep_files_private
from membership.supervising.children import STOPPING, ChildEnded, Children
from membership.supervising.directions import directions
from membership.supervising.surroundings import ADDRESS, CannotRun, Surroundings, answers, look_around, prepare
from membership.web import logs

START_SECONDS = 30


class Stopped(BaseException):
    """Somebody asked us to end: Ctrl-C, SIGTERM, a closed terminal. Passes every `except Exception`: it is no error."""


def main() -> int:
    """Runs the demo until a child ends or somebody asks to stop; returns the exit code."""
    _listen()
    keep_files_private()
    os.chdir(ROOT)
    try:
        around = look_around(os.environ)
        was_set_up = prepare(around, os.environ)
    except CannotRun as error:
        return _complain(str(error))
    children = Children(around.instance / "logs")
    try:
        _run(children, around, _environ(around), was_set_up=was_set_up)
    except Stopped:
        _say("Stopping.")
        return 0
    except ChildEnded as error:
        _complain(str(error))
        return error.code
    except (CannotRun, SettingsError, click.ClickException) as error:
        return _complain(error.message if isinstance(error, click.ClickException) else str(error))
    finally:
        _ignore_signals()
        children.end()


def _run(children: Children, around: Surroundings, environ: Mapping[str, str], *, was_set_up: bool) -> NoReturn:
    children.start("sandbox", _sandbox_command(around), environ)
    _command(environ, "db", "upgrade")
    if was_set_up:
        # The secret of the webhook is known, so nobody needs to wait for the sandbox.
        _start_app(children, environ)
    _wait_for(children, around.sandbox_port, "/_sandbox/health")
    known = around.webhook_secrets()
    _command(environ, "stripe", "set-up")
    if not was_set_up:
        _start_app(children, environ)
    elif around.webhook_secrets() != known:
        raise CannotRun(f"{around.instance / 'sandbox.db'} is not this demo's: `make fresh`, then run it again.")
    _wait_for(children, around.port, "/healthz")
    app = _command(environ, "demo", "load")
    # After the load, which handles the demo's past itself, in its order and without a year's letters.
    children.start("worker", (sys.executable, "-m", "flask", "--app", "app", "worker"), environ)
    _say(directions(app, around))
    while True:
        children.look()


def _start_app(children: Children, environ: Mapping[str, str]) -> None:
    children.start("app", (sys.executable, "app.py"), environ)


def _sandbox_command(around: Surroundings) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "membership.stripe_sandbox"),
        *("--port", str(around.sandbox_port), "--app-url", around.base_url),
        *("--state", str(around.instance / "sandbox.db"), "--clock", str(around.instance / "clock")),
    )


def _environ(around: Surroundings) -> dict[str, str]:
    """Returns what all commands of this demo have in common; whatever else is set stays."""
    ours = {
        "MEMBERSHIP_MODE": "demo",
        "MEMBERSHIP_INSTANCE": str(around.instance),
        "MEMBERSHIP_BASE_URL": around.base_url,
        "MEMBERSHIP_STRIPE_API_BASE": around.sandbox_url,
        "MEMBERSHIP_BIND": ADDRESS,
    }
    return {**os.environ, **ours}


def _command(environ: Mapping[str, str], *arguments: str) -> Flask:
    """Runs one command of `flask --app app` in this process; its settings are read anew, since set-up writes some."""
    app = create_app(from_environment(environ))
    info = ScriptInfo(create_app=lambda: app)
    app.cli.main(args=list(arguments), prog_name="flask", standalone_mode=False, obj=info)
    return app


def _wait_for(children: Children, port: int, path: str) -> None:
    deadline = monotonic() + START_SECONDS
    while not answers(port, path):
        children.look()
        if monotonic() > deadline:
            raise CannotRun(f"Nobody answers at http://{ADDRESS}:{port}{path} after {START_SECONDS} seconds.")


def _listen() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        _ignore_signals()
        raise Stopped

    _on_signals(stop)


def _ignore_signals() -> None:
    _on_signals(signal.SIG_IGN)


def _on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in STOPPING:
        signal.signal(number, handler)


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - this is a command
    return 1


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is a command


if __name__ == "__main__":
    logs.configure(colour=sys.stderr.isatty())
    sys.exit(main())
