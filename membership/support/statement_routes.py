"""The statement of one's own year, to read and to print."""

from flask import Blueprint, Response, current_app, make_response, render_template

from membership.accounts.login import signed_in_account, signed_in_required
from membership.db import current_session
from membership.errors import NotFound
from membership.newsroom.words import current_newsroom
from membership.support.statement import statement_of, years_of
from membership.web.caching import personal
from membership.web.current import now, zone

blueprint = Blueprint("statements", __name__)


@blueprint.get("/account/statements")
@signed_in_required
def statements() -> Response:
    """Lists the years in which there is something to state."""
    years = years_of(current_session(), signed_in_account().id, zone=zone())
    return personal(make_response(render_template("support/statements.html", years=years)))


@blueprint.get("/account/statements/<int:year>")
@signed_in_required
def statement(year: int) -> Response:
    """Shows one year; years without anything are not there."""
    owner, at = signed_in_account(), now()
    articles_of = current_app.extensions["articles_of"]
    found = statement_of(current_session(), owner.id, year, zone=zone(), articles_of=articles_of, now=at)
    if found is None:
        raise NotFound(
            "There is nothing to state for this year. The years with something in them stand in your account."
        )
    page = render_template("support/statement.html", statement=found, account=owner, issuer=current_newsroom(), at=at)
    return personal(make_response(page))
