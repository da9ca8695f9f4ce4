import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import enumerate as all_threads

from membership.settings import ROOT
from membership.web.written_behind import WrittenBehind


class FullDisk(io.StringIO):
    """A file that refuses the first write, as a disk that is full for a while."""

    refused = ""

    def write(self, text: str) -> int:
        if not self.refused:
            self.refused = text
            raise OSError("No space left on device")
        return super().write(text)


def written(file: io.StringIO) -> list[str]:
    for thread in all_threads():
        if thread.name == "log":
            thread.join()
    return file.getvalue().splitlines()


def test_every_line_of_every_thread_is_written_whole_and_in_its_order() -> None:
    file = io.StringIO()
    behind = WrittenBehind(file)

    def log(thread: int) -> None:
        for number in range(500):
            behind.write(f"{thread} {number}\n")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log, range(8)))
    lines = [tuple(map(int, line.split())) for line in written(file)]
    assert [[n for t, n in lines if t == thread] for thread in range(8)] == [list(range(500))] * 8


def test_a_line_after_a_quiet_time_is_written_too() -> None:
    file = io.StringIO()
    behind = WrittenBehind(file)
    behind.write("first\n")
    assert written(file) == ["first"]
    behind.write("second\n")
    assert written(file) == ["first", "second"]


def test_a_full_disk_loses_lines_and_not_the_log() -> None:
    file = FullDisk()
    behind = WrittenBehind(file)
    behind.write("lost\n")
    assert written(file) == []
    behind.write("kept\n")
    assert written(file) == ["kept"]


def test_a_process_that_ends_at_once_has_written_all() -> None:
    program = (
        "import structlog, os\n"
        "from membership.web import logs\n"
        "logs.configure()\n"
        "log = structlog.get_logger()\n"
        "log.info('parent')\n"
        "child = os.fork()\n"
        "log.info('child' if child == 0 else 'parent again')\n"
        "if child: os.waitpid(child, 0)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    events = sorted(line.partition('"event": "')[2].partition('"')[0] for line in done.stderr.splitlines())
    assert events == ["child", "parent", "parent again"]
