"""The walk's last stretch: what finance sees, what a patron does not see, and whether the books are right."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, expect
from stripe import StripeClient, Subscription

from tests.journeys.steps import come_in
from tests.journeys.visitor import Visitor
from tests.journeys.walk import Walk

FINANCE = "finance@example.org"
SIGNS = {"EUR": ("€", 2), "USD": ("$", 2), "UAH": ("UAH ", 2), "JPY": ("¥", 0)}
MONTHS = {"month": 1, "year": 12}


def finds_no_staff_page(patron: Visitor) -> None:
    for path in ("/staff", "/staff/", "/staff/topics", "/staff/rounds"):
        patron.go(path, status=404)
    patron.look_over()


def finance_sees_today(walk: Walk) -> None:
    finance = walk.come()
    come_in(finance, FINANCE, path="/staff/")
    finance.heading("Today")
    figures = finance.page.locator(".figures > div")
    for name in ("Gross", "Fees", "Net", "Paying patrons", "Monthly recurring revenue", "New", "Lost"):
        figure = figures.filter(has=finance.page.locator("dt", has_text=re.compile(f"^{name}$")))
        expect(figure.locator(".value").first).to_have_text(re.compile(r"\d"))
        expect(figure.locator(".says")).to_have_text(re.compile(r"\w.+\."))
    assert values(figures, "Gross") == money_of_the_month(walk)
    running = running_subscriptions(walk)
    assert len(running) > 30
    assert values(figures, "Paying patrons") == [str(len(running))]
    assert values(figures, "Monthly recurring revenue") == promised_a_month(running)
    finance.look_over(picture=walk.picture("staff-1280"))


def values(figures: Locator, name: str) -> list[str]:
    """Returns what stands under one figure, a line for each currency."""
    figure = figures.filter(has=figures.page.locator("dt", has_text=re.compile(f"^{name}$")))
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in figure.locator(".value").all_inner_texts()]


def money_of_the_month(walk: Walk) -> list[str]:
    """Adds up, out of the ledger, what came in since the month began in the newsroom's zone."""
    live, zone = walk.live, ZoneInfo("Europe/Kyiv")
    now = datetime.fromtimestamp(live.ask(live.sandbox_port, "GET", "/_sandbox/health")["now"], zone)
    sums: defaultdict[str, int] = defaultdict(int)
    for row in live.ledger():
        if row["gross_minor"] is not None:
            paid_at = datetime.fromisoformat(row["paid_at"]).astimezone(zone)
            is_of_this_month = (paid_at.year, paid_at.month) == (now.year, now.month)
            sums[row["settled_currency"]] += row["gross_minor"] if is_of_this_month else 0
    return written(sums)


def running_subscriptions(walk: Walk) -> list[Subscription]:
    """Lists what goes on at Stripe; a card that fails is asked again for two weeks, and so long its owner counts."""
    client = StripeClient("sk_test_journey", base_addresses={"api": walk.live.sandbox_url})
    found = client.v1.subscriptions.list({"status": "all", "limit": 100}).auto_paging_iter()
    # Who pauses gives nothing meanwhile, and is no patron until the pause is over; nor is whose last money went back.
    going_on = (each for each in found if each.status in ("active", "past_due") and each.pause_collection is None)
    return [each for each in going_on if keeps_what_it_gave(client, each)]


def keeps_what_it_gave(client: StripeClient, subscription: Subscription) -> bool:
    """Says whether the money that came last, of whoever owns a subscription, is still the newsroom's."""
    charges = client.v1.charges.list({"customer": str(subscription.customer), "limit": 100}).auto_paging_iter()
    last = next(each for each in charges if each.paid)
    return not (last.refunded or last.disputed)


def promised_a_month(running: list[Subscription]) -> list[str]:
    """Adds up what subscriptions promise a month, a yearly one with a twelfth."""
    sums: defaultdict[str, Fraction] = defaultdict(Fraction)
    for each in running:
        price = each["items"].data[0].price
        sums[price.currency.upper()] += Fraction(price.unit_amount, MONTHS[price.recurring.interval])
    return written({name: round(total) for name, total in sums.items()})


def written(sums: Mapping[str, int]) -> list[str]:
    """Writes sums in minor units as the figures do, in the newsroom's order."""
    some = [(sums[name], *signs) for name, signs in SIGNS.items() if sums.get(name)]
    return [f"{sign}{minor / 10**places:,.{places}f}" for minor, sign, places in some]


def the_books_are_right(walk: Walk) -> None:
    checked = walk.live.flask("ledger", "check")
    assert checked.stdout.splitlines()[-1] == "equal"
    rows: list[dict[str, Any]] = json.loads(walk.live.flask("ledger", "export", "--format", "json").stdout)
    ours = {row["attempt"]: row for row in rows if row["attempt"] in walk.paid}
    assert {name: (row["amount_minor"], row["currency"]) for name, row in ours.items()} == walk.paid
    for row in ours.values():
        assert row["status"] == "paid"
        assert row["net_minor"] == row["gross_minor"] - row["fee_minor"]
