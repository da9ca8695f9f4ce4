"""Mending what a survey found: by the same syncs that events lead to, so that nothing is mended in two ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import structlog

from membership.db import transaction
from membership.payments.gateway import StripeAway, StripeRefused
from membership.payments.inbox import Sync
from membership.payments.ledger import insert_lines
from membership.payments.mirror import Cause, Mirror, NotOurs, Thing
from membership.payments.reconciliation.differences import Survey

RECONCILE = Cause("reconcile")
# What leans on other things comes after them. A kind that is not named comes last.
ORDER = ("checkout", "subscription", "invoice", "payment", "refund", "dispute", "payout")
TOGETHER = 100

log = structlog.get_logger()


@dataclass(frozen=True)
class Mended:
    """How many things were looked at anew, how many lines inserted, and what could not be mended."""

    looked: int
    inserted: int
    failed: tuple[Thing, ...]


def mend(mirror: Mirror, syncs: Mapping[str, Sync], survey: Survey, *, tell: Callable[[int], object]) -> Mended:
    """Looks at everything that differs, and inserts the lines that were missing; `tell` hears of each thing.

    Raises `StripeAway` or `StripeRefused`: then some of it is mended, and may be mended again.
    """
    with mirror.database.session() as session, transaction(session):
        inserted = insert_lines(session, survey.lines)
    things = sorted(survey.things(), key=_place)
    waiting, failed = iter(things), list[Thing]()
    while some := list(islice(waiting, TOGETHER)):
        # What leans on one another shares its looks, as the events of a batch do.
        looking = replace(mirror, seen={})
        for thing in some:
            if not _look(looking, syncs, thing):
                failed.append(thing)
            tell(1)
    return Mended(len(things), inserted, tuple(failed))


def _look(mirror: Mirror, syncs: Mapping[str, Sync], thing: Thing) -> bool:
    try:
        syncs[thing.kind](mirror, thing.id, RECONCILE)
    except (StripeAway, StripeRefused):
        raise
    except NotOurs as error:
        log.warning("reconcile.not_ours", kind=thing.kind, id=thing.id, why=str(error))
        return False
    except Exception:  # the edge of one repair: the others must not wait for it
        log.exception("reconcile.failed", kind=thing.kind, id=thing.id)
        return False
    return True


def _place(thing: Thing) -> int:
    return ORDER.index(thing.kind) if thing.kind in ORDER else len(ORDER)
