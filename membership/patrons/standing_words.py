"""A standing in sentences: why it is so, and whether and until when one may vote."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from membership.patrons.standing import Standing
from membership.web.filters import day


def reason_in_words(stands: Standing) -> str:
    """Says why somebody stands as they do."""
    at = _last_day(stands.until) if stands.until else ""
    on = day(stands.until) if stands.until else ""
    since = day(stands.since) if stands.since else ""
    sentences = {
        "no_pledge": _("You have no pledge."),
        "live": _("Your pledge is paid."),
        "first_payment": _(
            "Your first payment is on its way: with a card that takes seconds, by bank debit some days."
        ),
        "never_paid": _("No payment of your pledge has arrived."),
        "failing": _("The last charge did not go through; your bank will be asked again until %(day)s.", day=at),
        "failed": _("The last charge did not go through, and the time to mend it is over."),
        "skipping": _("You skip a charge; giving goes on from %(day)s.", day=on),
        "paused": _("Your pledge is paused until %(day)s.", day=on) if on else _("Your pledge is paused."),
        "moved": _("You moved the next charge; it comes on %(day)s.", day=on),
        "ending": _("You stopped your pledge; what you paid for lasts until %(day)s.", day=at),
        "ended": _("Your pledge ended on %(day)s.", day=since) if since else _("Your pledge has ended."),
        "dropped": _("This pledge was ended because another one took its place."),
        "duplicate": _("This is a second pledge; it counts only if you choose it."),
        "disputed": _("Your bank asks for a payment back. If that is decided for us, you are a patron again at once."),
        "lost": _("Your bank took the last payment back. With the next one that stays you are a patron again."),
        "refunded": _("The last payment went back to you. With the next one that stays you are a patron again."),
        "complimentary": _("You are our guest until %(day)s.", day=at),
        "gifted": _("Somebody gave you this membership; it lasts until %(day)s.", day=at),
        "donor": _("You gave, and this round admits donors until %(day)s.", day=at),
        "unknown": _(
            "Our payment processor says something of your pledge that we do not know yet. Please write to us."
        ),
    }
    return str(sentences[stands.reason])


def vote_in_words(stands: Standing) -> str:
    """Says whether somebody may vote, and until when."""
    if not stands.may_vote:
        return str(_("You have no vote at the moment."))
    if stands.votes_until is None:
        return str(_("You have your vote."))
    return str(_("You have your vote until %(day)s.", day=_last_day(stands.votes_until)))


def _last_day(until: datetime) -> str:
    # What ends at midnight lasts until the day before.
    return day(until - timedelta(microseconds=1))
