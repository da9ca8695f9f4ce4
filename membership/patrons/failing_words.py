"""Why a renewal failed and what comes next, in sentences: the same in letters, behind links, and in the account."""

from flask_babel import gettext as _

from membership.patrons.failing import AUTHENTICATION, EXPIRED, INSUFFICIENT, LOST, PROCESSOR, comes_again, kind_of
from membership.patrons.models import FailedRenewal, Pledge
from membership.web.filters import day


def title_of(failed: FailedRenewal, pledge: Pledge) -> str:
    """Says in a few words why a renewal failed."""
    kind, card = kind_of(failed), _card(pledge)
    if kind == EXPIRED:
        return str(_("%(card)s has expired", card=card))
    if kind == INSUFFICIENT:
        return str(_("There was not enough in your account"))
    if kind == AUTHENTICATION:
        return str(_("Your bank wants you to confirm the charge"))
    if kind == LOST:
        return str(_("%(card)s was reported lost or stolen", card=card))
    if kind == PROCESSOR:
        return str(_("Your bank could not be reached"))
    return str(_("Your bank did not accept the charge"))


def happened(failed: FailedRenewal, pledge: Pledge) -> str:
    """Says what happened, and what helps."""
    tried, kind, card = day(failed.failed_at), kind_of(failed), _card(pledge)
    if kind == EXPIRED:
        return str(_("We tried on %(day)s. %(card)s has expired; a new card mends it.", day=tried, card=card))
    if kind == INSUFFICIENT:
        return str(
            _(
                "We tried on %(day)s: there was not enough in the account. Next time it may work, or another card.",
                day=tried,
            )
        )
    if kind == AUTHENTICATION:
        return str(
            _(
                "We tried on %(day)s: your bank wants to hear from you that the charge is yours. That takes a minute.",
                day=tried,
            )
        )
    if kind == LOST:
        return str(
            _("We tried on %(day)s. %(card)s was reported lost or stolen; a new card mends it.", day=tried, card=card)
        )
    if kind == PROCESSOR:
        return str(_("We tried on %(day)s: your bank could not be reached. That is no fault of yours.", day=tried))
    return str(_("We tried on %(day)s: your bank said no, and not why. Another card often helps.", day=tried))


def what_comes(failed: FailedRenewal) -> str:
    """Says when the bank is asked again by itself, if it is within the grace."""
    if failed.next_try_at is not None and comes_again(failed):
        return str(_("Your bank will be asked again on %(day)s.", day=day(failed.next_try_at)))
    return str(_("Your bank will not be asked again by itself."))


def button_of(failed: FailedRenewal) -> str:
    """Names the button that mends a renewal."""
    kind = kind_of(failed)
    if kind == AUTHENTICATION:
        return str(_("Confirm the charge (1 minute, no sign-in)"))
    if kind in (EXPIRED, LOST):
        return str(_("Renew the card (1 minute, no sign-in)"))
    return str(_("Put it right (1 minute, no sign-in)"))


def _card(pledge: Pledge) -> str:
    if pledge.card_last4:
        return str(_("Your card ending %(digits)s", digits=pledge.card_last4))
    return str(_("Your card"))
