"""Faults on demand: what goes wrong at the API or with webhooks, for which calls, how often, and until when."""

import fnmatch
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import count

from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.clock import Clock

API, WEBHOOK = "api", "webhook"
METHODS = ("GET", "POST", "DELETE")
LONGEST_PAUSE = 60
LONGEST_DELAY = 30 * 86_400


class WrongFaultError(ValueError):
    """A fault that was asked for cannot be; the words say which field is wrong, and what it may be."""


@dataclass(frozen=True)
class Kind:
    """One thing that can go wrong. `seconds` is what the field of this name means without a value, or None."""

    side: str
    words: str
    seconds: int | None = None
    statuses: tuple[int, ...] = ()


KINDS = {
    "rate_limit": Kind(API, "answers 429, and does nothing"),
    "lock_timeout": Kind(API, "answers lock_timeout, and does nothing", statuses=(409, 429)),
    "server_error": Kind(API, "begins, fails with 500, and keeps that answer under the key", statuses=(500, 502)),
    "slow": Kind(API, "does the work, and answers after some seconds", seconds=5),
    "lost": Kind(API, "does the work, and closes the connection without an answer"),
    "malformed": Kind(API, "does the work, and answers half of the JSON"),
    "refused": Kind(API, "closes the connection, and does nothing"),
    "down": Kind(API, "answers 503, and does nothing", statuses=(503, 502, 504)),
    "duplicate": Kind(WEBHOOK, "sends it twice"),
    "reorder": Kind(WEBHOOK, "sends it after later ones, the last first"),
    "delay": Kind(WEBHOOK, "sends it some seconds later", seconds=60),
    "drop": Kind(WEBHOOK, "never sends it"),
    "wrong_signature": Kind(WEBHOOK, "signs the first try with another secret"),
    "old_timestamp": Kind(WEBHOOK, "dates the first try's signature back", seconds=3600),
    "future_timestamp": Kind(WEBHOOK, "dates the first try's signature ahead", seconds=3600),
}


@dataclass(frozen=True)
class Fault:
    """A fault that was asked for. `times` and `until` are None where it goes on; `until` is of the sandbox's clock.

    `method` and `path` (a prefix) choose calls of the API, `type` (a name or a group such as `invoice.*`) webhooks.
    """

    id: int
    kind: str
    method: str | None
    path: str
    type: str
    times: int | None
    until: int | None
    seconds: int
    status: int
    met: int = 0

    @property
    def side(self) -> str:
        """Where it goes wrong: `api` or `webhook`."""
        return KINDS[self.kind].side

    def shown(self) -> Json:
        """Returns the fault as the console answers it."""
        return asdict(self) | {"side": self.side}


class Faults:
    """The faults that wait to be met, oldest first. They end with the process, and with a reset."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._waiting: list[Fault] = []

    def add(self, given: Json) -> Fault:
        """Lets something go wrong from now on. Raises WrongFaultError for what cannot be."""
        fault = _read(given, now=self._clock.now())
        with self._lock:
            fault = replace(fault, id=next(self._numbers))
            self._waiting.append(fault)
        return fault

    def every(self) -> list[Fault]:
        """Returns the faults that can still be met."""
        with self._lock:
            self._drop_past()
            return list(self._waiting)

    def remove(self, number: int | None = None) -> int:
        """Takes one fault back, or all; returns how many there were."""
        with self._lock:
            before = len(self._waiting)
            self._waiting = [fault for fault in self._waiting if number not in (None, fault.id)]
            return before - len(self._waiting)

    def for_call(self, method: str, path: str) -> Fault | None:
        """Returns what goes wrong with this call, and counts it, or None."""
        if not self._waiting:
            return None
        return self._met(lambda fault: fault.side == API and _is_of_call(fault, method, path))

    def for_delivery(self, event_type: str) -> Fault | None:
        """Returns what goes wrong with this delivery, and counts it, or None."""
        if not self._waiting:
            return None
        return self._met(lambda fault: fault.side == WEBHOOK and fnmatch.fnmatchcase(event_type, fault.type))

    def _met(self, matches: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            self._drop_past()
            for index, fault in enumerate(self._waiting):
                if matches(fault):
                    self._waiting[index] = replace(fault, met=fault.met + 1)
                    return fault
        return None

    def _drop_past(self) -> None:
        now = self._clock.now()
        self._waiting = [
            fault
            for fault in self._waiting
            if (fault.times is None or fault.met < fault.times) and (fault.until is None or now < fault.until)
        ]


def _is_of_call(fault: Fault, method: str, path: str) -> bool:
    return fault.method in (None, method) and path.startswith(fault.path)


FIELDS = ("kind", "lasts", "method", "path", "seconds", "status", "times", "type", "until")


def _read(given: Json, *, now: int) -> Fault:
    given = {name: value for name, value in given.items() if value not in (None, "")}
    wrong = sorted(given.keys() - set(FIELDS))
    if wrong:
        raise WrongFaultError(f"A fault has no field {wrong[0]}. It may have {', '.join(FIELDS)}.")
    name = given.get("kind")
    kind = KINDS.get(str(name))
    if kind is None:
        raise WrongFaultError(f"There is no kind {name!r}. The kinds are {', '.join(KINDS)}.")
    _check_fields(given, str(name), kind)
    return Fault(
        id=0,
        kind=str(name),
        method=_method(given),
        path=_path(given),
        type=str(given.get("type", "*")),
        times=_whole(given, "times", 1, least=1, most=1_000_000) if "times" in given or not _ends(given) else None,
        until=_until(given, now=now),
        seconds=_seconds(given, kind),
        status=_status(given, kind),
    )


def _check_fields(given: Json, name: str, kind: Kind) -> None:
    foreign = ("type",) if kind.side == API else ("method", "path")
    for field in foreign:
        if field in given:
            other = "webhooks" if kind.side == API else "calls of the API"
            raise WrongFaultError(f"{field} chooses {other}; a fault of the kind {name} has none.")
    if "seconds" in given and kind.seconds is None:
        raise WrongFaultError(f"seconds means nothing for the kind {name}.")
    if "status" in given and not kind.statuses:
        raise WrongFaultError(f"status means nothing for the kind {name}.")
    if "until" in given and "lasts" in given:
        raise WrongFaultError("Say until (a Unix time) or lasts (seconds from now), not both.")


def _ends(given: Json) -> bool:
    return "until" in given or "lasts" in given


def _method(given: Json) -> str | None:
    method = given.get("method")
    if method is not None and str(method).upper() not in METHODS:
        raise WrongFaultError(f"method must be one of {', '.join(METHODS)}, not {method!r}.")
    return str(method).upper() if method is not None else None


def _path(given: Json) -> str:
    path = str(given.get("path", "/v1/"))
    if not path.startswith("/v1/"):
        raise WrongFaultError(f"path must begin with /v1/, not {path!r}.")
    return path


def _until(given: Json, *, now: int) -> int | None:
    if "lasts" in given:
        return now + _whole(given, "lasts", 0, least=1, most=LONGEST_DELAY)
    if "until" not in given:
        return None
    until = _whole(given, "until", 0, least=0, most=2**40)
    if until <= now:
        raise WrongFaultError(f"until must be later than the sandbox's clock ({now}), not {until}.")
    return until


def _seconds(given: Json, kind: Kind) -> int:
    most = LONGEST_PAUSE if kind.side == API else LONGEST_DELAY
    return _whole(given, "seconds", kind.seconds or 0, least=0, most=most)


def _status(given: Json, kind: Kind) -> int:
    if not kind.statuses:
        return 0
    status = _whole(given, "status", kind.statuses[0], least=0, most=999)
    if status not in kind.statuses:
        allowed = " or ".join(map(str, kind.statuses))
        raise WrongFaultError(f"status must be {allowed} for the kind {given['kind']}, not {status}.")
    return status


def _whole(given: Json, name: str, otherwise: int, *, least: int, most: int) -> int:
    value = given.get(name, otherwise)
    try:
        number = int(str(value))
    except ValueError as error:
        raise WrongFaultError(f"{name} must be a whole number, not {value!r}.") from error
    if not least <= number <= most:
        raise WrongFaultError(f"{name} must be between {least} and {most}, not {number}.")
    return number
