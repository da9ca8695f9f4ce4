"""The pages of the dev inbox; registered in demo mode alone."""

from flask import Blueprint, Response, make_response, render_template

from membership.demo import dev_mail
from membership.errors import NotFound
from membership.web.caching import personal
from membership.web.current import current_settings

blueprint = Blueprint("demo", __name__)

# A letter's HTML has styles of its own and comes from nobody we vouch for: no script, no picture, no origin.
HTML_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-top-navigation-by-user-activation"


@blueprint.get("/dev/mail")
def inbox() -> Response:
    mails = dev_mail.newest(current_settings().instance / "mail")
    return personal(make_response(render_template("demo/mails.html", mails=mails, most=dev_mail.MOST_SHOWN)))


@blueprint.get("/dev/mail/<name>")
def letter(name: str) -> Response:
    return personal(make_response(render_template("demo/mail.html", mail=_mail(name))))


@blueprint.get("/dev/mail/<name>/html")
def letter_html(name: str) -> Response:
    response = Response(_mail(name).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = HTML_POLICY
    return personal(response)


def _mail(name: str) -> dev_mail.Mail:
    found = dev_mail.find(current_settings().instance / "mail", name)
    if found is None:
        raise NotFound("There is no such letter.")
    return found
