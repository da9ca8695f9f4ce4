"""`make run`: the whole demo starts, says where to go, and leaves nothing behind."""

import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

import psutil
import pytest

from membership.demo.clearing import clear
from membership.settings import read_settings_file
from membership.supervising.children import ChildEnded, Children
from membership.supervising.surroundings import CannotRun, look_around, prepare
from tests.processes.alive import ADDRESS, answer_of, free_port, started, until

RUN = ("-m", "membership.supervising")
READY = "Ctrl-C ends everything."
# The demo lives through a year before it is there: seconds by itself, minutes on a machine that does much else.
YEAR_SECONDS = 180


def environ_of(instance: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEMBERSHIP_")}
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
    return {**kept, **ports, "MEMBERSHIP_INSTANCE": str(instance), **changes}


def others_may_read(instance: Path) -> list[str]:
    """Names what of an instance folder is open to other accounts; pictures are shut in with it."""
    found = [instance, *(path for path in instance.rglob("*") if path.parent.name != "media")]
    return [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_the_demo_starts_again_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environ, log = environ_of(tmp_path / "instance"), tmp_path / "run.log"
    port, sandbox_port = int(environ["PORT"]), int(environ["SANDBOX_PORT"])

    for number in (signal.SIGTERM, signal.SIGINT):
        with started(RUN, environ, log) as process:
            children = _children(process, log)
            pages = {path: answer_of(port, path) for path in ("/", "/dev/mail", "/topics", "/support", "/staff/")}
            process.send_signal(number)

            assert process.wait(15) == 0
        assert others_may_read(tmp_path / "instance") == []
        assert pages == {"/": 200, "/dev/mail": 200, "/topics": 200, "/support": 200, "/staff/": 303}
        assert len(children) >= 4
        assert not [child for child in children if child.is_running()]
        assert answer_of(port, "/") is answer_of(sandbox_port, "/_sandbox") is None
    assert "The demo newsroom was loaded already." in log.read_text()
    _the_death_of_one_child_ends_all_with_its_code(environ, tmp_path / "death.log")


def _the_death_of_one_child_ends_all_with_its_code(environ: dict[str, str], log: Path) -> None:
    with started(RUN, environ, log) as process:
        children = _children(process, log)
        worker = next(child for child in children if child.cmdline()[-1] == "worker")
        worker.kill()

        assert process.wait(15) == 128 + signal.SIGKILL
    assert "worker has ended with" in log.read_text()
    assert not [child for child in children if child.is_running()]


def _children(process: "subprocess.Popen[bytes]", log: Path) -> list[psutil.Process]:
    """Waits until all is there and returns all processes that were started for it."""
    until(lambda: READY in log.read_text() or process.poll() is not None, log.read_text, seconds=YEAR_SECONDS)
    assert process.poll() is None, log.read_text()
    found: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return found


def test_children_end_together_even_those_that_do_not_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("membership.supervising.children.GRACE_SECONDS", 0.5)
    children, before = Children(tmp_path), psutil.Process().children()
    children.start("deaf", ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"), os.environ)
    (deaf,) = (child for child in psutil.Process().children() if child not in before)
    until(lambda: "ready" in (tmp_path / "deaf.log").read_text(), lambda: "the child does not start")

    children.end()

    assert not deaf.is_running()


def test_the_last_words_of_a_child_are_told(tmp_path: Path) -> None:
    children = Children(tmp_path)
    children.start("short", ("sh", "-c", "echo farewell; exit 7"), os.environ)

    with pytest.raises(ChildEnded, match="farewell") as ended:
        until(children.look, lambda: "the child lives")

    assert ended.value.code == 7
    children.end()


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_is_one_sentence_that_names_the_variable(name: str, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((ADDRESS, 0))
        other.listen()
        taken = str(other.getsockname()[1])

        with pytest.raises(CannotRun, match=rf"Port {taken} is taken.*{name}="):
            look_around(environ_of(tmp_path, **{name: taken}))


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "８０００"])
def test_a_wrong_port_is_told(port: str, tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="PORT is "):
        look_around(environ_of(tmp_path, PORT=port))


def test_one_port_cannot_serve_both(tmp_path: Path) -> None:
    port = str(free_port())

    with pytest.raises(CannotRun, match="are both"):
        look_around(environ_of(tmp_path, PORT=port, SANDBOX_PORT=port))


def test_secrets_are_written_once_and_for_nobody_else(tmp_path: Path) -> None:
    around = look_around(environ_of(tmp_path / "instance"))

    prepare(around, {})
    first = read_settings_file(around.settings_file)
    prepare(around, {})

    assert read_settings_file(around.settings_file) == first
    assert stat.S_IMODE(around.settings_file.stat().st_mode) == 0o600
    assert len(first["MEMBERSHIP_SECRET_KEY"]) >= 32
    assert first["MEMBERSHIP_STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert first["MEMBERSHIP_MAIL_FROM"] == "The Long Bridge <letters@example.org>"


@pytest.mark.parametrize("kept", ["MEMBERSHIP_MODE=live\n", "MEMBERSHIP_SECRET_KEY=abc\n"])
def test_the_folder_of_a_real_newsroom_is_not_touched(kept: str, tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(kept)

    with pytest.raises(CannotRun, match="belongs to a real newsroom"):
        prepare(look_around(environ_of(tmp_path)), {})

    assert (tmp_path / "settings.env").read_text() == kept


def test_make_fresh_forgets_a_demo(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    prepare(look_around(environ_of(instance)), {})

    assert "Removed" in clear({"MEMBERSHIP_INSTANCE": str(instance)})
    assert not instance.exists()
    assert "There is no" in clear({"MEMBERSHIP_INSTANCE": str(instance)})


@pytest.mark.parametrize("kept", ["MEMBERSHIP_MODE=live\n", "", None])
def test_make_fresh_touches_nothing_but_a_demo(kept: str | None, tmp_path: Path) -> None:
    if kept is not None:
        (tmp_path / "settings.env").write_text(kept)
    (tmp_path / "precious").touch()

    with pytest.raises(SystemExit, match="is no demo"):
        clear({"MEMBERSHIP_INSTANCE": str(tmp_path)})

    assert (tmp_path / "precious").exists()
