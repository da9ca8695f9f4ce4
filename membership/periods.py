"""How long what tells of people is kept, in one table."""

from datetime import timedelta

from flask_babel import lazy_gettext as _

from membership.accounts import forgetting, news, sign_in
from membership.accounts.retention import Period, forget_address_changes, forget_sessions, in_rows
from membership.payments.forgetting import KEEP_ADDRESS, KEEP_NETWORK, forget_payloads, forget_traces
from membership.payments.retention import forget_addressees, forget_donors, forget_ignored
from membership.support.own_requests import forget_help

_YEAR = timedelta(days=365)

# Applied every night, printed at /privacy, named by the tags of columns.
RETENTION: tuple[Period, ...] = (
    Period(
        "sign_in",
        _("Requests to sign in: address, a hash of the network"),
        _("To let you in, and nobody else."),
        sign_in.KEPT,
        apply=lambda seams, _length: forgetting.forget_requests(seams),
    ),
    Period(
        "help",
        _("That somebody asked for help by mail: address, a hash of the network"),
        _("So that nobody floods your mailbox."),
        sign_in.KEPT,
        apply=in_rows(forget_help),
    ),
    Period(
        "sessions",
        _("Browsers that are signed out"),
        _("So that you can see where you were signed in."),
        timedelta(days=30),
        apply=in_rows(forget_sessions),
    ),
    Period(
        "address_changes",
        _("Wishes to be known by another address"),
        _("To put right a change that you did not want."),
        timedelta(days=30),
        apply=in_rows(forget_address_changes),
    ),
    Period(
        "attempts",
        _("The address on a form for paying that came to nothing"),
        _("So that a second click does not charge you twice."),
        KEEP_ADDRESS,
        apply=lambda seams, _length: forget_traces(seams),
    ),
    Period(
        "networks",
        _("A hash of the network from which a form came"),
        _("To stop those who try out stolen cards."),
        KEEP_NETWORK,
        apply=lambda seams, _length: forget_traces(seams),
    ),
    Period(
        "news",
        _("News that you were told by letter: what it was about, and when"),
        _("To tell nothing twice, and to write once a week at most."),
        news.KEPT,
        apply=in_rows(news.forget_news),
    ),
    Period("letters", _("Letters that wait"), _("To send them."), until=_("until they are sent")),
    Period(
        "events",
        _("What Stripe told us of a payment, word for word"),
        _("To find out what went wrong, if something did."),
        lambda settings: timedelta(days=settings.keep_event_payloads_days),
        apply=lambda seams, _length: forget_payloads(seams),
    ),
    Period(
        "ignored_events",
        _("The same, where it turned out not to be about us"),
        _("So that we may look once more."),
        timedelta(days=1),
        apply=in_rows(forget_ignored),
    ),
    Period(
        "donors",
        _("Address and name of who gave without an account, from the last time on"),
        _("For receipts, refunds and questions."),
        3 * _YEAR,
        apply=in_rows(forget_donors),
    ),
    Period(
        "account",
        _(
            "An account: address, name, language, which letters you want, which topics you follow, "
            "how you are named under articles"
        ),
        _("To be yours: votes, receipts, the pledge."),
        until=_("until you erase it"),
    ),
    Period(
        "pledges",
        _("Which card a pledge is charged to: brand, last four digits, month"),
        _("So that you know which one to look at."),
        until=_("until you erase your account"),
    ),
    Period(
        "proposals",
        _("Topics that you proposed"),
        _("They are the newsroom’s history."),
        until=_("for good; as yours, until you erase your account"),
    ),
    Period(
        "votes",
        _("Votes: that you voted, and what; a secret ballot is cut from its voter at the close, for everybody"),
        _("So that anyone can count them again."),
        until=_("for good; as yours, until you erase your account"),
    ),
    Period(
        "receipts",
        _("Receipts: number, date, amount, to whom"),
        _("The law wants them, counted from the end of the year."),
        10 * _YEAR,
        apply=in_rows(forget_addressees),
    ),
    Period(
        "books",
        _("The books: payments and pledges by numbers of ours and Stripe’s, without a name"),
        _("Books must add up."),
        until=_("for good"),
    ),
    Period(
        "audit",
        _("What staff and patrons did, by numbers of accounts"),
        _("So that nothing is changed in secret."),
        until=_("for good, without a name"),
    ),
)
