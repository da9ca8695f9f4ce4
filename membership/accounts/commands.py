"""Commands about accounts and the staff."""

import click
from flask.cli import AppGroup

from membership.accounts.addresses import clean_email
from membership.accounts.audit import record
from membership.accounts.models import ROLES
from membership.accounts.people import account_for
from membership.accounts.roles import grant
from membership.accounts.sign_in import print_link
from membership.db import current_session, transaction
from membership.errors import Refusal
from membership.web.current import current_settings, default_language, now

accounts_group = AppGroup("accounts", help="People known by their address.")
staff_group = AppGroup("staff", help="Who of them is of the staff.")


class Email(click.ParamType[str]):
    """An e-mail address, as the forms take it."""

    name = "email"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return clean_email(value)
        except Refusal as refusal:
            self.fail(str(refusal), param, ctx)


@accounts_group.command("create")
@click.argument("email", type=Email())
def create_command(email: str) -> None:
    """Makes an account for EMAIL; its owner proves the address by signing in."""
    at = now()
    with transaction(current_session()) as session:
        account, made = account_for(session, email, language=default_language(), now=at)
        if made:
            record(session, "account made", "account", account.reference, actor_id=None, now=at)
    click.echo(f"{account.email} {'has an account now' if made else 'had an account already'}: {account.reference}")


@accounts_group.command("sign-in-link")
@click.argument("email", type=Email())
@click.option("--yes", is_flag=True, help="Outside of the demo: yes, let me in as this person. The audit log keeps it.")
def sign_in_link_command(email: str, yes: bool) -> None:
    """Prints a link that signs in as EMAIL; it works once, for ten minutes."""
    settings, at = current_settings(), now()
    if not settings.is_demo and not yes:
        raise click.UsageError("This lets you in as another person. If you mean it, add --yes: the audit log keeps it.")
    with transaction(current_session()) as session:
        account, _ = account_for(session, email, language=default_language(), now=at)
        token = print_link(session, account.email, now=at)
        record(session, "sign-in link printed", "account", account.reference, actor_id=None, now=at)
    click.echo(f"{settings.base_url}/sign-in/{token}")


@staff_group.command("grant")
@click.argument("email", type=Email())
@click.argument("role", type=click.Choice(ROLES))
def grant_command(email: str, role: str) -> None:
    """Gives EMAIL a role among the staff: editor, finance or admin. The account is made if there is none."""
    at = now()
    with transaction(current_session()) as session:
        account, _ = account_for(session, email, language=default_language(), now=at)
        granted = grant(session, account, role, by=None, now=at)
    click.echo(f"{account.email} {'is' if granted else 'was already'} {role}.")
