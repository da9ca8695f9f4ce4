"""The settings of the balance: on which days it is paid out. Daily at first, as with a new account at Stripe."""

import copy
from datetime import UTC, datetime

import stripe
from stripe import params

from membership.stripe_sandbox.protocol.calls import Call
from membership.stripe_sandbox.protocol.errors import invalid
from membership.stripe_sandbox.protocol.routes import route
from membership.stripe_sandbox.protocol.shapes import Json, whole
from membership.stripe_sandbox.state.store import Store
from membership.stripe_sandbox.webhooks.events import emit_change

ID = "balance_settings"
DAY = 86_400
DAYS_PENDING = 7
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_DESCRIPTOR = 22
DAYS_OF = {"weekly": "weekly_payout_days", "monthly": "monthly_payout_days"}


def midnight_before(now: int) -> int:
    """Returns when the day of a moment began, in UTC; a midnight is its own."""
    return now - now % DAY


def settings_of(store: Store) -> Json:
    """Returns the settings as they stand, with the id under which they are kept."""
    return store.get(ID) or _first_settings()


def arm(store: Store, *, now: int) -> None:
    """Makes the balance settle at the next midnight: something has been booked."""
    tomorrow = midnight_before(now) + DAY
    if not store.due_by(ID, tomorrow):
        store.put(_first_settings(), due_at=tomorrow)


def _first_settings() -> Json:
    payments = stripe.BalanceSettings.Payments
    # The SDK cannot read a null where it expects rules by currency.
    rules: Json = {"automatic_transfer_rules_by_currency": {}}
    payouts = whole(payments.Payouts, schedule={"interval": "daily"}, status="enabled", **rules)
    timing = whole(payments.SettlementTiming, delay_days=DAYS_PENDING)
    settings = whole(
        stripe.BalanceSettings,
        payments=whole(payments, debit_negative_balances=False, payouts=payouts, settlement_timing=timing),
    )
    return settings | {"id": ID}


def is_payout_day(settings: Json, now: int) -> bool:
    """Tells whether what is available is paid out on the day of `now`; a day that a month lacks is its last."""
    schedule = settings["payments"]["payouts"]["schedule"]
    today = datetime.fromtimestamp(now, UTC)
    if schedule["interval"] == "weekly":
        return WEEKDAYS[today.weekday()] in schedule["weekly_payout_days"]
    if schedule["interval"] == "monthly":
        is_last = datetime.fromtimestamp(now + DAY, UTC).day == 1
        days = schedule["monthly_payout_days"]
        return today.day in days or (is_last and max(days) > today.day)
    return bool(schedule["interval"] == "daily")


def retrieve_settings(call: Call) -> Json:
    """Answers the settings."""
    return _shown(settings_of(call.store))


def update_settings(call: Call) -> Json:
    """Changes when the balance is paid out, and what stands on the bank's statement."""
    before = settings_of(call.store)
    settings = copy.deepcopy(before)
    payouts = settings["payments"]["payouts"]
    given = call.get("payments", {}).get("payouts", {})
    if "schedule" in given:
        payouts["schedule"] = _schedule(given["schedule"], payouts["schedule"])
    if "statement_descriptor" in given:
        payouts["statement_descriptor"] = _descriptor(given["statement_descriptor"])
    call.store.put(settings)
    arm(call.store, now=call.now)
    if settings != before:
        emit_change(call.store, "balance_settings.updated", _shown(before), _shown(settings), now=call.now)
    return _shown(settings)


def _shown(settings: Json) -> Json:
    return {name: value for name, value in settings.items() if name != "id"}


def _schedule(given: Json, before: Json) -> Json:
    at = "payments[payouts][schedule]"
    interval = given.get("interval", before["interval"])
    for other, name in DAYS_OF.items():
        if name in given and other != interval:
            raise invalid(f"You can only set `{name}` with the interval `{other}`.", f"{at}[{name}]")
    if interval not in DAYS_OF:
        return {"interval": interval}
    name = DAYS_OF[interval]
    days = given.get(name) or before.get(name)
    if not days:
        raise invalid(f"With the interval `{interval}` you must give `{name}`.", f"{at}[{name}]")
    if interval == "monthly" and not all(1 <= day <= 31 for day in days):
        raise invalid("A day of the month lies between 1 and 31.", f"{at}[{name}]")
    return {"interval": interval, name: days}


def _descriptor(text: str) -> str | None:
    if len(text) > LONGEST_DESCRIPTOR:
        message = f"The statement descriptor must be at most {LONGEST_DESCRIPTOR} characters."
        raise invalid(message, "payments[payouts][statement_descriptor]")
    return text or None


ROUTES = (
    route("GET", "/v1/balance_settings", params.BalanceSettingsRetrieveParams, retrieve_settings),
    route(
        "POST", "/v1/balance_settings", params.BalanceSettingsUpdateParams, update_settings,
        modelled="payments.payouts.schedule.interval payments.payouts.schedule.monthly_payout_days "
        "payments.payouts.schedule.weekly_payout_days payments.payouts.statement_descriptor",
    ),
)  # fmt: skip
