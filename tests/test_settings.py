"""Settings: everything missing or wrong is told at once, and no mode is mistaken for another."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from membership.db import Database, transaction
from membership.factory import create_app
from membership.newsroom.words import keep
from membership.settings import Mode, Settings, SettingsError, from_environment, instance_folder
from tests.conftest import demo_settings

DEMO = {
    "MEMBERSHIP_MODE": "demo",
    "MEMBERSHIP_SECRET_KEY": "s" * 32,
    "MEMBERSHIP_STRIPE_SECRET_KEY": "sk_test_invented",
    "MEMBERSHIP_STRIPE_API_BASE": "http://127.0.0.1:8001",
}
LIVE = {
    "MEMBERSHIP_MODE": "live",
    "MEMBERSHIP_SECRET_KEY": "s" * 32,
    "MEMBERSHIP_BASE_URL": "https://news.example.org",
    "MEMBERSHIP_STRIPE_SECRET_KEY": "sk_live_invented",
    "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS": "whsec_invented",
    "MEMBERSHIP_MAIL_URL": "smtp://mail.example.org",
}


def read(environ: Mapping[str, str], tmp_path: Path, **changes: str) -> Settings:
    return from_environment({**environ, **changes, "MEMBERSHIP_INSTANCE": str(tmp_path)})


def complaint(environ: Mapping[str, str], tmp_path: Path, **changes: str) -> str:
    with pytest.raises(SettingsError) as raised:
        read(environ, tmp_path, **changes)
    return str(raised.value)


def test_complete_settings_are_read(tmp_path: Path) -> None:
    settings = read(LIVE, tmp_path, MEMBERSHIP_SECRET_KEY=f"{'n' * 32}, {'o' * 32}")

    assert settings.mode == "live"
    assert settings.secret_keys == ("n" * 32, "o" * 32)
    assert settings.instance == tmp_path
    assert settings.database_url == f"sqlite:///{tmp_path / 'membership.db'}"


def test_without_a_mode_it_is_live(tmp_path: Path) -> None:
    environ = {name: value for name, value in LIVE.items() if name != "MEMBERSHIP_MODE"}

    assert read(environ, tmp_path).mode == "live"


def test_everything_missing_or_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = complaint(
        {},
        tmp_path,
        MEMBERSHIP_MODE="production",
        MEMBERSHIP_BASE_URL="news.example.org",
        MEMBERSHIP_TRUSTED_PROXIES="one",
        MEMBERSHIP_OPERATOR_NETWORKS="10.0.0.0/99",
        MEMBERSHIP_MAIL_FROM_FILE=str(tmp_path / "nowhere"),
    )

    for name in (
        *("MODE", "SECRET_KEY", "STRIPE_SECRET_KEY", "BASE_URL", "TRUSTED_PROXIES", "OPERATOR_NETWORKS"),
        *("MAIL_FROM_FILE", "MAIL_URL"),
    ):
        assert f"MEMBERSHIP_{name}" in told


def test_a_setting_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("from-a-file-" * 4 + "\n")
    environ = {name: value for name, value in LIVE.items() if name != "MEMBERSHIP_SECRET_KEY"}

    settings = read(environ, tmp_path, MEMBERSHIP_SECRET_KEY_FILE=str(path))

    assert settings.secret_keys == ("from-a-file-" * 4,)


def test_the_real_environment_wins_over_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(
        "# kept by make run\n\nMEMBERSHIP_MAIL_FROM=file@example.org\nMEMBERSHIP_STRIPE_WEBHOOK_SECRETS=whsec_a=b\n"
    )
    environ = {name: value for name, value in LIVE.items() if name != "MEMBERSHIP_STRIPE_WEBHOOK_SECRETS"}

    settings = read(environ, tmp_path, MEMBERSHIP_MAIL_FROM="environment@example.org")

    assert settings.mail_from == "environment@example.org"
    assert settings.stripe_webhook_secrets == ("whsec_a=b",)


def test_a_short_secret_key_is_refused(tmp_path: Path) -> None:
    assert "32 characters" in complaint(LIVE, tmp_path, MEMBERSHIP_SECRET_KEY="short")


def test_the_instance_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert instance_folder({"MEMBERSHIP_INSTANCE": "here"}) == tmp_path / "here"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"MEMBERSHIP_STRIPE_API_BASE": "http://127.0.0.1:8001"}, "MEMBERSHIP_STRIPE_API_BASE"),
        ({"MEMBERSHIP_STRIPE_API_BASE": "https://stripe.example.org"}, "MEMBERSHIP_STRIPE_API_BASE"),
        ({"MEMBERSHIP_SECRET_KEY": ""}, "MEMBERSHIP_SECRET_KEY"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": ""}, "MEMBERSHIP_STRIPE_SECRET_KEY"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "sk_test_invented"}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "rk_test_invented"}, "live key"),
        ({"MEMBERSHIP_BASE_URL": "http://news.example.org"}, "https://"),
        ({"MEMBERSHIP_MAIL_URL": ""}, "MEMBERSHIP_MAIL_URL"),
    ],
)
def test_live_mode_refuses(changes: dict[str, str], told: str, tmp_path: Path) -> None:
    assert told in complaint(LIVE, tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "sk_live_invented"}, "no test key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "rk_live_invented"}, "no test key"),
        ({"MEMBERSHIP_BIND": "0.0.0.0"}, "MEMBERSHIP_BIND"),  # noqa: S104 - this is what is refused
        ({"MEMBERSHIP_BIND": "::"}, "MEMBERSHIP_BIND"),
        ({"MEMBERSHIP_BIND": "192.0.2.1"}, "MEMBERSHIP_BIND"),
        ({"MEMBERSHIP_BASE_URL": "https://news.example.org"}, "MEMBERSHIP_BASE_URL"),
        ({"MEMBERSHIP_BASE_URL": "http://localhost.example.org"}, "MEMBERSHIP_BASE_URL"),
        ({"MEMBERSHIP_STRIPE_API_BASE": ""}, "MEMBERSHIP_STRIPE_API_BASE"),
        ({"MEMBERSHIP_STRIPE_API_BASE": "https://stripe.example.org"}, "MEMBERSHIP_STRIPE_API_BASE"),
    ],
)
def test_demo_mode_refuses(changes: dict[str, str], told: str, tmp_path: Path) -> None:
    assert told in complaint(DEMO, tmp_path, **changes)


def test_test_mode_refuses_a_live_key(tmp_path: Path) -> None:
    told = complaint(LIVE, tmp_path, MEMBERSHIP_MODE="test")

    assert "must be a test key" in told


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_database_with_demo_rows_is_refused_in_earnest(
    mode: Mode, database: Database, database_url: str, tmp_path: Path, now: datetime
) -> None:
    with database.session() as session, transaction(session):
        keep(session, "demo", {}, now=now)
    demo = demo_settings(database_url, tmp_path)

    with pytest.raises(SettingsError, match="holds the demo newsroom"):
        create_app(replace(demo, mode=mode, stripe_api_base=None, mail_url="smtp://localhost"))


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_database_without_demo_rows_is_opened_in_earnest(mode: Mode, database_url: str, tmp_path: Path) -> None:
    demo = demo_settings(database_url, tmp_path)

    app = create_app(replace(demo, mode=mode, stripe_api_base=None, mail_url="smtp://localhost"))

    assert app.test_client().get("/dev/mail").status_code == 404
    app.extensions["database"].close()
