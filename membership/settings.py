"""Typed settings of the process: secrets and addresses, read once from the environment and checked together.

The newsroom's own words and choices are not here but rows (`membership.newsroom`).
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from membership.notation import bare, count, days, four_counts, header, is_mail_server, networks, origin, sender, split

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"
PREFIX = "MEMBERSHIP_"

_KEYS = {kind: re.compile(rf"[sr]k_{kind}_[A-Za-z0-9_]+", re.ASCII) for kind in ("live", "test")}

Mode = Literal["live", "test", "demo"]
Value = TypeVar("Value")


class SettingsError(Exception):
    """Settings are missing or wrong; the message lists every one of them."""


@dataclass(frozen=True)
class Settings:
    """What a process needs to know before it starts. `instance` is the folder for files that it writes."""

    mode: Mode
    database_url: str
    secret_keys: tuple[str, ...]
    base_url: str
    stripe_secret_key: str
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api_base: str | None
    mail_url: str
    mail_from: str
    instance: Path = INSTANCE
    trusted_proxies: int = 0
    country_header: str = ""
    operator_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    keep_event_payloads_days: int = 30
    attempts_an_hour: tuple[int, int, int, int] = (10, 5, 100, 3000)
    bind: str = "127.0.0.1"

    @property
    def is_demo(self) -> bool:
        return self.mode == "demo"

    @property
    def host(self) -> str:
        """Host of the base URL, without its port."""
        return urlsplit(self.base_url).hostname or ""


def from_environment(environ: Mapping[str, str], *, instance: Path | None = None) -> Settings:
    """Reads the settings from `instance/settings.env`, over which the real environment wins.

    The folder `instance` is that of `MEMBERSHIP_INSTANCE`, or the one beside the code. Each name may be given as
    `…_FILE`, a path whose content is the value; where one place has both, the value itself counts.
    Raises `SettingsError` with all that is missing or wrong, at once.
    """
    instance = instance or instance_folder(environ)
    reader = _Reader((environ, read_settings_file(instance / "settings.env")))
    settings = Settings(
        mode=reader.mode(),
        database_url=reader.text("DATABASE_URL", f"sqlite:///{instance / 'membership.db'}"),
        secret_keys=reader.listed("SECRET_KEY", "at least one random text of 32 characters or more"),
        base_url=reader.converted(
            "BASE_URL", "http://localhost:8000", origin, "an origin like https://news.example.org"
        ),
        stripe_secret_key=reader.required("STRIPE_SECRET_KEY", "the secret or restricted key of your Stripe account"),
        stripe_webhook_secrets=reader.optional_list("STRIPE_WEBHOOK_SECRETS"),
        stripe_api_base=reader.text("STRIPE_API_BASE", "") or None,
        mail_url=reader.text("MAIL_URL", ""),
        mail_from=reader.converted("MAIL_FROM", "newsroom@localhost", sender, "an address, or Name <address>"),
        instance=instance,
        trusted_proxies=reader.converted("TRUSTED_PROXIES", "0", count, "a whole number, 0 or more"),
        country_header=reader.converted("COUNTRY_HEADER", "", header, "the name of a header, like CF-IPCountry"),
        operator_networks=reader.converted(
            "OPERATOR_NETWORKS", "127.0.0.0/8,::1/128", networks, "a comma list of networks"
        ),
        keep_event_payloads_days=reader.converted(
            "KEEP_EVENT_PAYLOADS_DAYS", "30", days, "a whole number of days, 0 to 36500"
        ),
        attempts_an_hour=reader.converted(
            "ATTEMPTS_AN_HOUR", "10,5,100,3000", four_counts, "four whole numbers above 0, like 10,5,100,3000"
        ),
        bind=reader.text("BIND", "127.0.0.1"),
    )
    problems = [*reader.problems, *_contradictions(settings)]
    if problems:
        raise SettingsError("Settings are missing or wrong:\n" + "\n".join(f"  {line}" for line in problems))
    return settings


def instance_folder(environ: Mapping[str, str]) -> Path:
    """Says where a process keeps the files that it writes, its settings file among them."""
    return Path(environ.get(f"{PREFIX}INSTANCE") or INSTANCE).resolve()


def keep_files_private() -> None:
    """Lets this process and its children make files and folders that only their own account may read."""
    os.umask(0o077)


def read_settings_file(path: Path) -> dict[str, str]:
    """Reads `NAME=value` lines, a value with or without quotes around it. No file: nothing.

    Blank lines and lines that start with `#` are passed over.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): bare(value) for name, _, value in pairs}


class _Reader:
    """Reads values out of sources, the first of which that has a name, or the file for it, wins."""

    def __init__(self, sources: Iterable[Mapping[str, str]]) -> None:
        self.problems: list[str] = []
        self._sources = tuple(sources)

    def text(self, name: str, default: str) -> str:
        for values in self._sources:
            if PREFIX + name in values:
                return bare(values[PREFIX + name])
            if f"{PREFIX}{name}_FILE" in values:
                return self._content(name, values[f"{PREFIX}{name}_FILE"], default)
        return default

    def _content(self, name: str, path: str, default: str) -> str:
        try:
            return bare(Path(path).read_text("utf-8"))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            self.problems.append(f"{PREFIX}{name}_FILE: {path} cannot be read ({why})")
            return default

    def required(self, name: str, what: str) -> str:
        value = self.text(name, "")
        if not value:
            self.problems.append(f"{PREFIX}{name} is missing: {what}")
        return value

    def listed(self, name: str, what: str) -> tuple[str, ...]:
        return split(self.required(name, what))

    def optional_list(self, name: str) -> tuple[str, ...]:
        return split(self.text(name, ""))

    def converted(self, name: str, default: str, convert: Callable[[str], Value], what: str) -> Value:
        text = self.text(name, default)
        try:
            return convert(text)
        except ValueError:
            self.problems.append(f"{PREFIX}{name} is {text!r}: it must be {what}")
            return convert(default)

    def mode(self) -> Mode:
        text = self.text("MODE", "live")
        for mode in ("live", "test", "demo"):
            if text == mode:
                return mode
        self.problems.append(f"{PREFIX}MODE is {text!r}: it must be live, test or demo")
        return "live"


def _contradictions(settings: Settings) -> list[str]:
    found = [
        f"{PREFIX}SECRET_KEY: each key needs 32 characters or more" for key in settings.secret_keys if len(key) < 32
    ]
    if settings.mail_url and not is_mail_server(settings.mail_url):
        # The value is not told: it holds a password.
        found.append(f"{PREFIX}MAIL_URL must be like smtp://user:password@host:587 or smtps://…, with a host")
    if settings.country_header and not settings.trusted_proxies:
        # Whoever sets it counts on the danger line; a header that nobody believes would leave it out in silence.
        found.append(f"{PREFIX}COUNTRY_HEADER is read only from a trusted proxy: set {PREFIX}TRUSTED_PROXIES as well")
    return found + (_demo_problems(settings) if settings.is_demo else _real_problems(settings))


def _demo_problems(settings: Settings) -> list[str]:
    found = []
    if not is_loopback(settings.host):
        found.append(f"{PREFIX}BASE_URL is {settings.base_url}: the demo is served on loopback only")
    if not is_loopback(settings.bind):
        found.append(f"{PREFIX}BIND is {settings.bind}: the demo never listens on a public address")
    if settings.stripe_api_base is None or not is_loopback(urlsplit(settings.stripe_api_base).hostname or ""):
        found.append(f"{PREFIX}STRIPE_API_BASE must be the sandbox on loopback in the demo")
    if settings.stripe_secret_key and not _KEYS["test"].fullmatch(settings.stripe_secret_key):
        found.append(
            f"{PREFIX}STRIPE_SECRET_KEY is no test key (sk_test_… or rk_test_…): the demo never touches a real account"
        )
    return found


def _real_problems(settings: Settings) -> list[str]:
    found = []
    if settings.stripe_api_base is not None:
        found.append(f"{PREFIX}STRIPE_API_BASE is for the demo alone: remove it")
    kind = "test" if settings.mode == "test" else "live"
    if settings.stripe_secret_key and not _KEYS[kind].fullmatch(settings.stripe_secret_key):
        found.append(f"{PREFIX}STRIPE_SECRET_KEY must be a {kind} key (sk_{kind}_… or rk_{kind}_…) in {kind} mode")
    if settings.mode == "live" and urlsplit(settings.base_url).scheme != "https":
        found.append(f"{PREFIX}BASE_URL must start with https:// in live mode")
    if settings.mode == "live" and is_loopback(settings.host):
        found.append(f"{PREFIX}BASE_URL is {settings.base_url}: in live mode it must be an address that readers reach")
    if not settings.mail_url:
        found.append(f"{PREFIX}MAIL_URL is missing: smtp://user:password@host:587")
    return found


def is_loopback(host: str) -> bool:
    """Says whether a host name or address never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
