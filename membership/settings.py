"""Typed settings of the process: secrets and addresses, read once from the environment and checked together.

The newsroom's own words and choices are not here but rows (`membership.newsroom`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"
PREFIX = "MEMBERSHIP_"

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
    operator_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
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
    `…_FILE`, a path whose content is the value. Raises `SettingsError` with all that is missing or wrong, at once.
    """
    instance = instance or instance_folder(environ)
    reader = _Reader({**read_settings_file(instance / "settings.env"), **environ})
    settings = Settings(
        mode=reader.mode(),
        database_url=reader.text("DATABASE_URL", f"sqlite:///{instance / 'membership.db'}"),
        secret_keys=reader.listed("SECRET_KEY", "at least one random text of 32 characters or more"),
        base_url=reader.text("BASE_URL", "http://localhost:8000").rstrip("/"),
        stripe_secret_key=reader.required("STRIPE_SECRET_KEY", "the secret or restricted key of your Stripe account"),
        stripe_webhook_secrets=reader.optional_list("STRIPE_WEBHOOK_SECRETS"),
        stripe_api_base=reader.text("STRIPE_API_BASE", "") or None,
        mail_url=reader.text("MAIL_URL", ""),
        mail_from=reader.text("MAIL_FROM", "newsroom@localhost"),
        instance=instance,
        trusted_proxies=reader.converted("TRUSTED_PROXIES", "0", int, "a whole number"),
        operator_networks=reader.converted(
            "OPERATOR_NETWORKS", "127.0.0.0/8,::1/128", _networks, "a comma list of networks"
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


def read_settings_file(path: Path) -> dict[str, str]:
    """Reads `NAME=value` lines; blank lines and lines that start with `#` are passed over. No file: nothing."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


class _Reader:
    def __init__(self, values: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._values = values

    def text(self, name: str, default: str) -> str:
        path = self._values.get(f"{PREFIX}{name}_FILE")
        if path is None:
            return self._values.get(PREFIX + name, default)
        try:
            return Path(path).read_text("utf-8").strip()
        except OSError as error:
            self.problems.append(f"{PREFIX}{name}_FILE: {path} cannot be read ({error.strerror})")
            return default

    def required(self, name: str, what: str) -> str:
        value = self.text(name, "")
        if not value:
            self.problems.append(f"{PREFIX}{name} is missing: {what}")
        return value

    def listed(self, name: str, what: str) -> tuple[str, ...]:
        return _split(self.required(name, what))

    def optional_list(self, name: str) -> tuple[str, ...]:
        return _split(self.text(name, ""))

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


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ip_network(part)) for part in _split(text))


def _contradictions(settings: Settings) -> list[str]:
    found = [
        f"{PREFIX}SECRET_KEY: each key needs 32 characters or more" for key in settings.secret_keys if len(key) < 32
    ]
    if urlsplit(settings.base_url).scheme not in ("http", "https"):
        found.append(f"{PREFIX}BASE_URL is {settings.base_url!r}: it must start with http:// or https://")
    return found + (_demo_problems(settings) if settings.is_demo else _real_problems(settings))


def _demo_problems(settings: Settings) -> list[str]:
    found = []
    if not is_loopback(settings.host):
        found.append(f"{PREFIX}BASE_URL is {settings.base_url}: the demo is served on loopback only")
    if not is_loopback(settings.bind):
        found.append(f"{PREFIX}BIND is {settings.bind}: the demo never listens on a public address")
    if settings.stripe_api_base is None or not is_loopback(urlsplit(settings.stripe_api_base).hostname or ""):
        found.append(f"{PREFIX}STRIPE_API_BASE must be the sandbox on loopback in the demo")
    if settings.stripe_secret_key and not is_test_key(settings.stripe_secret_key):
        found.append(f"{PREFIX}STRIPE_SECRET_KEY is no test key: the demo never touches a real account")
    return found


def _real_problems(settings: Settings) -> list[str]:
    found = []
    if settings.stripe_api_base is not None:
        found.append(f"{PREFIX}STRIPE_API_BASE is for the demo alone: remove it")
    if settings.stripe_secret_key and is_test_key(settings.stripe_secret_key) != (settings.mode == "test"):
        kind = "a test key" if settings.mode == "test" else "a live key"
        found.append(f"{PREFIX}STRIPE_SECRET_KEY must be {kind} in {settings.mode} mode")
    if settings.mode == "live" and urlsplit(settings.base_url).scheme != "https":
        found.append(f"{PREFIX}BASE_URL must start with https:// in live mode")
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


def is_test_key(key: str) -> bool:
    """Says whether a Stripe key belongs to a test account (`sk_test_…`, `rk_test_…`)."""
    return key.startswith(("sk_test_", "rk_test_"))
