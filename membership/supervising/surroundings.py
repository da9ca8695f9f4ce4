"""Where the demo runs: its two ports, its folder and its settings file, written before anything starts."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from membership.serving import is_free
from membership.settings import PREFIX, instance_folder, read_settings_file

ADDRESS = "127.0.0.1"
SENDER = "The Long Bridge <letters@example.org>"


class CannotRun(Exception):  # noqa: N818 - said of the demo
    """The demo cannot run here; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Surroundings:
    """The ports and the folder of one demo."""

    port: int
    sandbox_port: int
    instance: Path

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{ADDRESS}:{self.sandbox_port}"

    @property
    def settings_file(self) -> Path:
        return self.instance / "settings.env"

    def webhook_secrets(self) -> str:
        """Returns the secrets that `stripe set-up` has kept; empty if there are none."""
        return read_settings_file(self.settings_file).get(f"{PREFIX}STRIPE_WEBHOOK_SECRETS", "")


def look_around(environ: Mapping[str, str]) -> Surroundings:
    """Reads PORT, SANDBOX_PORT and MEMBERSHIP_INSTANCE. Raises `CannotRun` for a wrong or busy port."""
    port, sandbox_port = _port(environ, "PORT", 8000), _port(environ, "SANDBOX_PORT", 8001)
    if port == sandbox_port:
        raise CannotRun(f"PORT and SANDBOX_PORT are both {port}: choose two, like PORT=8000 SANDBOX_PORT=8001.")
    return Surroundings(port, sandbox_port, instance_folder(environ))


def prepare(around: Surroundings, environ: Mapping[str, str]) -> bool:
    """Writes the demo's settings file, with random secrets the first time. Raises `CannotRun` where no demo lives.

    Returns whether the sandbox was set up before for the same address.
    """
    kept = read_settings_file(around.settings_file)
    mode = environ.get(f"{PREFIX}MODE") or kept.get(f"{PREFIX}MODE", "demo")
    if mode != "demo" or (kept and f"{PREFIX}MODE" not in kept):
        raise CannotRun(f"{around.settings_file} belongs to a real newsroom ({mode} mode): `make run` is for the demo.")
    settings = {
        f"{PREFIX}SECRET_KEY": secrets.token_urlsafe(48),
        f"{PREFIX}STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
        f"{PREFIX}MAIL_FROM": SENDER,
        **kept,
        f"{PREFIX}MODE": "demo",
        f"{PREFIX}BASE_URL": around.base_url,
        f"{PREFIX}STRIPE_API_BASE": around.sandbox_url,
    }
    if settings != kept:
        _write(around.settings_file, settings)
    return kept.get(f"{PREFIX}BASE_URL") == around.base_url and bool(around.webhook_secrets())


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise CannotRun(f"{name} is {text!r}: it must be a number from 1 to 65535.")
    if not is_free(ADDRESS, int(text)):
        raise CannotRun(f"Port {text} is taken: choose another, like `make run {name}={int(text) % 65000 + 100}`.")
    return int(text)


def _write(path: Path, settings: Mapping[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), "utf-8")
    draft.replace(path)


def answers(port: int, path: str) -> bool:
    """Says whether what listens on a port of this machine answers 200 at `path`."""
    connection = HTTPConnection(ADDRESS, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
