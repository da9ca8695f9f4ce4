"""The page that asks for an address or a passkey; shown by each way of signing in that was refused."""

from flask import Response, make_response, render_template

from membership.accounts.next_path import safe_next
from membership.accounts.passkeys import asking, site
from membership.errors import Refusal
from membership.newsroom.words import current_newsroom
from membership.web.caching import personal
from membership.web.current import now
from membership.web.errors import said
from membership.web.signing import fresh_token

REQUEST = "sign-in"


def form_page(email: str, next_path: str, refusal: Refusal | None = None) -> Response:
    """Renders the form for the mail, with what was typed, and the one for a passkey."""
    at = now()
    form = {"email": email, "next": safe_next(next_path), "request": fresh_token(REQUEST, now=at)}
    challenge, options = asking(site(current_newsroom().name), now=at)
    return answer_page("accounts/sign_in.html", refusal, form=form, challenge=challenge, options=options)


def answer_page(template: str, refusal: Refusal | None, **context: object) -> Response:
    """Renders a page of signing in, with the sentence and the status of a refusal if there is one."""
    errors = {refusal.field or "": said(refusal)} if refusal else {}
    response = make_response(render_template(template, errors=errors, **context), refusal.status if refusal else 200)
    if refusal and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return personal(response)
