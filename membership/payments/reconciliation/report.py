"""What a survey found, as an operator reads it: each payment or pledge, beneath it what differs."""

from collections.abc import Iterator

from membership.payments.reconciliation.differences import Survey

# How many differ is said of each kind in this order; what is counted is payments and pledges.
KINDS = {
    "payment": ("payment", "payments"),
    "pledge": ("pledge", "pledges"),
    "attempt": ("attempt without a payment", "attempts without a payment"),
    "payout": ("payout", "payouts"),
    "line": ("line of the account that is nobody's", "lines of the account that are nobody's"),
}


def lines(survey: Survey) -> Iterator[str]:
    """Writes every difference: `payment pi_…`, and beneath it, indented, what differs about it."""
    for kind in KINDS:
        for (each, key), group in survey.differences.items():
            if each == kind:
                yield f"{kind} {key}"
                yield from (f"    {difference.what}" for difference in group)


def summary(survey: Survey) -> str:
    """Says in one line how many differ: `1000 payments and 100 pledges differ.`"""
    counted = {kind: survey.count(kind) for kind in KINDS}
    named = [f"{count} {KINDS[kind][count != 1]}" for kind, count in counted.items() if count]
    if not named:
        return "Nothing differs."
    verb = "differs" if sum(counted.values()) == 1 else "differ"
    return f"{_listed(named)} {verb}."


def of_others(survey: Survey) -> str | None:
    """Says how much of what was listed belongs to others who use the same Stripe account; `None`: nothing."""
    counted = {kind: survey.foreign[kind] for kind in KINDS if survey.foreign[kind]}
    if not counted:
        return None
    named = [f"{count} {KINDS[kind][count != 1]}" for kind, count in counted.items()]
    return f"{sum(counted.values())} belong to others who use the same Stripe account ({_listed(named)}): left alone."


def _listed(named: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
