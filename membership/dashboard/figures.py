"""The figures of the page "today", each with the definition that stands beneath it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask_babel import format_decimal
from flask_babel import gettext as _

from membership.dashboard.month_money import CurrencyMonth, nothing
from membership.dashboard.mrr import mrr
from membership.dashboard.patronage import Counted, Promise
from membership.money import Money
from membership.newsroom.words import current_newsroom
from membership.web.filters import money


@dataclass(frozen=True)
class Figure:
    """A figure as it is shown. `values`: one text, or one for each currency; `rows`: the name of what opens beneath."""

    name: str
    values: tuple[str, ...]
    definition: str
    rows: str = ""


def money_figures(currencies: Iterable[CurrencyMonth]) -> tuple[Figure, ...]:
    """Shows a month's money. What was given back has its own figure as soon as there is any."""
    months = sorted(currencies, key=lambda each: _order(each.gross.currency)) or [nothing(_first_currency())]

    def values(part: Callable[[CurrencyMonth], Money]) -> tuple[str, ...]:
        return tuple(money(part(each)) for each in months)

    given_back = Figure(
        _("Given back"),
        values(lambda each: each.given_back),
        _("Refunds and disputes booked this month, whenever that money had come in."),
    )
    return (
        Figure(
            _("Gross"),
            values(lambda each: each.gross),
            _("All that readers gave, as Stripe booked it this month, before fees."),
        ),
        Figure(_("Fees"), values(lambda each: each.fees), _("What Stripe kept of these movements.")),
        *((given_back,) if any(each.given_back.minor for each in months) else ()),
        Figure(
            _("Net"),
            values(lambda each: each.net),
            _("Gross, less fees and what was given back. Nothing is converted or added across currencies."),
        ),
    )


def patron_figures(promises: Iterable[Promise], came: Counted, went: Counted) -> tuple[Figure, ...]:
    """Shows how many patrons there are, what they promise, and who came and went."""
    promises = tuple(promises)
    return (
        Figure(
            _("Paying patrons"),
            (_count(sum(each.count for each in promises)),),
            _(
                "Live pledges with a payment that succeeded. In grace after a failed charge they still count; "
                "once their end has passed they do not."
            ),
            rows="promises",
        ),
        Figure(
            _("Monthly recurring revenue"),
            _recurring(promises),
            _("What these patrons promise for a month, before fees. A yearly pledge counts with a twelfth."),
        ),
        Figure(
            _("New"),
            (_count(came.count),),
            _("Pledges whose first payment succeeded this month. A second one beside a running one is not counted."),
            rows="came",
        ),
        Figure(
            _("Lost"),
            (_count(went.count),),
            _("Paid pledges that ended this month, unless another of the same patron goes on."),
            rows="went",
        ),
    )


def _recurring(promises: Iterable[Promise]) -> tuple[str, ...]:
    found = mrr((each.cadence, each.amount, each.count) for each in promises)
    amounts = sorted(found, key=lambda each: _order(each.currency)) or [Money(0, _first_currency())]
    return tuple(money(each) for each in amounts)


def _first_currency() -> str:
    return current_newsroom().currencies[0]


def _order(currency: str) -> tuple[int, str]:
    # As the newsroom lists them; what it no longer takes comes last.
    taken = current_newsroom().currencies
    return (taken.index(currency) if currency in taken else len(taken), currency)


def _count(number: int) -> str:
    return str(format_decimal(number))
