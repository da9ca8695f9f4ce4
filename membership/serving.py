"""Serves the application with Granian: `flask --app app serve`, or `python app.py`."""

import os
import socket
from typing import Any
from urllib.parse import urlsplit

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.common import AbstractServer

from membership.settings import ROOT, Settings, SettingsError, from_environment, is_loopback, keep_files_private

TARGET = "app:create_app"
DEFAULT_PORT = 8000
BLOCKING_THREADS = 4

OPEN_BIND = (
    "Warning: MEMBERSHIP_BIND is {address}, which others may reach. Let a buffering proxy be the only way in: "
    "without one, a few connections that say nothing hold every thread."
)


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; that of the base URL, or 8000.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--threads", type=click.IntRange(1, 64), default=BLOCKING_THREADS, show_default=True, help="In each.")
def serve(port: int | None, workers: int, threads: int) -> None:
    """Serves the application until SIGTERM or Ctrl-C."""
    keep_files_private()
    try:
        settings = from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    if not settings.stripe_webhook_secrets:
        # Payments would come in and nobody would hear of them.
        raise click.ClickException("MEMBERSHIP_STRIPE_WEBHOOK_SECRETS is missing: run `flask --app app stripe set-up`.")
    port = port or port_of(settings)
    if not is_free(settings.bind, port):
        raise click.ClickException(f"Port {port} of {settings.bind} is taken. Choose another with --port.")
    if settings.mode == "live" and not is_loopback(settings.bind):
        click.echo(OPEN_BIND.format(address=settings.bind), err=True)
    granian(settings.bind, port, workers=workers, threads=threads).serve()


def granian(address: str, port: int, *, workers: int, threads: int, target: str = TARGET) -> AbstractServer[Any]:
    """Makes the server. Each worker is a process of its own that makes the application anew, by `target`."""
    return Granian(
        target,
        factory=True,
        working_dir=ROOT,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        # A proxy in front speaks HTTP/1.1 to us, and looking for HTTP/2 costs each connection.
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        # Whoever does not come in waits in the kernel's queue and not in memory.
        backlog=1024,
        workers_kill_timeout=10,
        respawn_failed_workers=workers > 1,
        log_level=LogLevels.warning,
    )


def port_of(settings: Settings) -> int:
    """Says on which port to listen: the base URL's own if the process is reached without a proxy, else 8000."""
    return urlsplit(settings.base_url).port or DEFAULT_PORT


def is_free(address: str, port: int) -> bool:
    """Says whether nobody listens there. Granian would share the port of another Granian without a word."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
