"""The links between the staff's pages: each role sees those that it may open."""

from flask import request
from flask_babel import lazy_gettext

from membership.accounts.login import signed_in_account
from membership.accounts.roles import roles_of
from membership.db import current_session

# Address, name, and the role that opens it; admins open all. The packages above own the pages: here stand addresses.
PAGES = (
    ("/staff/", lazy_gettext("Today"), "finance"),
    ("/staff/tiers", lazy_gettext("Tiers"), "finance"),
    ("/staff/topics", lazy_gettext("Topics"), "editor"),
    ("/staff/rounds", lazy_gettext("Rounds"), "editor"),
    ("/staff/promises", lazy_gettext("Promises"), "editor"),
    ("/staff/danger", lazy_gettext("Danger"), "finance"),
    ("/staff/mailboxes", lazy_gettext("Lost mailboxes"), "finance"),
)


def staff_nav() -> list[tuple[str, str, bool]]:
    """Lists address, name and whether this is the page, as `web/staff.html` takes them."""
    roles = roles_of(current_session(), signed_in_account().id)
    return [(address, str(name), _is_here(address)) for address, name, role in PAGES if roles & {role, "admin"}]


def _is_here(address: str) -> bool:
    # A form that was refused is answered under its own, longer address.
    return request.path.startswith(address) if address != "/staff/" else request.path in ("/staff", "/staff/")
