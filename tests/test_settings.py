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
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "pk_live_invented"}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "whsec_invented"}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "garbage"}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "sk_live_"}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": "sk_live_a b"}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": '"sk_test_invented"'}, "live key"),
        ({"MEMBERSHIP_STRIPE_SECRET_KEY": " sk_test_invented"}, "live key"),
        ({"MEMBERSHIP_BASE_URL": "http://news.example.org"}, "https://"),
        ({"MEMBERSHIP_BASE_URL": "https://localhost"}, "MEMBERSHIP_BASE_URL"),
        ({"MEMBERSHIP_BASE_URL": "https://127.0.0.1:8000"}, "MEMBERSHIP_BASE_URL"),
        ({"MEMBERSHIP_MAIL_URL": ""}, "MEMBERSHIP_MAIL_URL"),
        ({"MEMBERSHIP_COUNTRY_HEADER": "CF-IPCountry"}, "MEMBERSHIP_TRUSTED_PROXIES"),
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


@pytest.mark.parametrize("key", ["sk_live_invented", "rk_live_invented", "pk_test_invented", "garbage"])
def test_test_mode_refuses_all_but_a_test_key(key: str, tmp_path: Path) -> None:
    told = complaint(LIVE, tmp_path, MEMBERSHIP_MODE="test", MEMBERSHIP_STRIPE_SECRET_KEY=key)

    assert "must be a test key" in told


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("https://NEWS.example.org", "https://news.example.org"),
        ("HTTPS://news.example.org:443/", "https://news.example.org"),
        ("https://news.example.org:8443", "https://news.example.org:8443"),
        (' "https://news.example.org" ', "https://news.example.org"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_base_url_is_read_as_browsers_write_it(written: str, read_as: str, tmp_path: Path) -> None:
    assert read(LIVE, tmp_path, MEMBERSHIP_BASE_URL=written).base_url == read_as


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://news.example.org/sub"),
        ("BASE_URL", "https://news.example.org?a=b"),
        ("BASE_URL", "https://news.example.org#top"),
        ("BASE_URL", "https://user:password@news.example.org"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://news.example.org:99999"),
        ("BASE_URL", "https://news.example.org:0"),
        ("BASE_URL", "https://новини.example"),
        ("BASE_URL", "ftp://news.example.org"),
        ("BASE_URL", "https://[::zz]"),
        ("TRUSTED_PROXIES", "-1"),
        ("MAIL_URL", "http://mail.example.org"),
        ("MAIL_URL", "mail.example.org:587"),
        ("MAIL_URL", "smtp://"),
        ("MAIL_URL", "smtp://:587"),
        ("MAIL_URL", "smtp://mail.example.org:port"),
        ("MAIL_FROM", "nonsense"),
        ("MAIL_FROM", "The Example"),
        ("MAIL_FROM", "The Example <>"),
        ("MAIL_FROM", "a@example.org, b@example.org"),
        ("MAIL_FROM", "The\nExample <a@example.org>"),
        ("MAIL_FROM", "олена@example.org"),
    ],
)
def test_a_value_of_another_form_is_a_problem_that_names_it(name: str, value: str, tmp_path: Path) -> None:
    assert f"MEMBERSHIP_{name} " in complaint(LIVE, tmp_path, **{f"MEMBERSHIP_{name}": value})


def test_the_password_of_the_mail_server_is_not_told(tmp_path: Path) -> None:
    assert "secret" not in complaint(LIVE, tmp_path, MEMBERSHIP_MAIL_URL="http://user:secret@mail.example.org")


@pytest.mark.parametrize(
    "sender",
    ["newsroom@localhost", "a@example.org", "The Example <a@example.org>", "Example, The (news) <a@example.org>"],
)
def test_a_sender_is_an_address_with_or_without_a_name(sender: str, tmp_path: Path) -> None:
    assert read(LIVE, tmp_path, MEMBERSHIP_MAIL_FROM=sender).mail_from == sender


@pytest.mark.parametrize("written", [" sk_live_invented ", '"sk_live_invented"', "'sk_live_invented'"])
def test_white_space_and_quotes_around_a_value_are_no_part_of_it(written: str, tmp_path: Path) -> None:
    environ = {name: value for name, value in LIVE.items() if name != "MEMBERSHIP_STRIPE_SECRET_KEY"}
    (tmp_path / "settings.env").write_text(f"MEMBERSHIP_STRIPE_SECRET_KEY={written}\n")

    assert read(environ, tmp_path).stripe_secret_key == "sk_live_invented"
    assert read(LIVE, tmp_path, MEMBERSHIP_STRIPE_SECRET_KEY=written).stripe_secret_key == "sk_live_invented"


def test_a_file_that_the_settings_file_names_does_not_beat_the_real_environment(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept@example.org")
    (tmp_path / "given").write_text("given@example.org")
    settings_file = tmp_path / "settings.env"

    settings_file.write_text(f"MEMBERSHIP_MAIL_FROM_FILE={tmp_path / 'kept'}\n")
    assert read(LIVE, tmp_path).mail_from == "kept@example.org"
    assert read(LIVE, tmp_path, MEMBERSHIP_MAIL_FROM="real@example.org").mail_from == "real@example.org"
    settings_file.write_text("MEMBERSHIP_MAIL_FROM=kept@example.org\n")
    given = {"MEMBERSHIP_MAIL_FROM_FILE": str(tmp_path / "given")}
    assert read(LIVE, tmp_path, **given).mail_from == "given@example.org"


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")

    assert "MEMBERSHIP_MAIL_FROM_FILE" in complaint(LIVE, tmp_path, MEMBERSHIP_MAIL_FROM_FILE=str(tmp_path / "key"))


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
