"""Turns a letter into the message that goes over the wire: plain text and HTML, from the same blocks."""

import re
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from hashlib import blake2b

import idna
from flask import render_template

from membership.mail.letters import Letter
from membership.mailbox import Mailbox, mailbox_of

# What has a meaning in a header of addresses (RFC 5322, 3.2.3), and needs quotes to be a name.
_SPECIALS = re.compile(r'[()<>\[\]:;@\\,."\s]+')
_ONE_LINE = 60


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header that holds an address of the web: the mail library would write a long one as an encoded word."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Verbatim)
_POLICY = SMTP.clone(header_factory=_HEADERS)


def compose(letter: Letter, sender: str, *, now: datetime) -> EmailMessage:
    """Builds the message of `letter` from `sender` (`Name <address>`); its Message-ID follows from the letter's key."""
    message = EmailMessage(policy=_POLICY)
    message["Message-ID"] = message_id(letter.key, sender)
    message["Date"] = format_datetime(now)
    message["From"] = _address(mailbox_of(sender))
    message["To"] = _address(mailbox_of(letter.to))
    message["Subject"] = letter.subject
    if letter.reply_to:
        message["Reply-To"] = _address(letter.reply_to)
    message["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers:
        message[name] = value
    message.set_content(render_template("mail/letter.txt", letter=letter))
    message.add_alternative(render_template("mail/letter.html", letter=letter), subtype="html")
    # Last: what is said of the content before there is any goes with it into its first part, or is lost.
    message["Content-Language"] = letter.language
    return message


def message_id(key: str, sender: str) -> str:
    """Returns `<key@domain>` for a letter's key; a repeated sending bears the same one."""
    domain = mailbox_of(sender).address.partition("@")[2] or "localhost"
    digest = blake2b(key.encode(), digest_size=16).hexdigest()
    return f"<{digest}@{domain}>"


def _address(mailbox: Mailbox) -> Address:
    local, _, domain = mailbox.address.rpartition("@")
    # The mail library would write another script's domain as an encoded word, which no server takes.
    ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    return Address(display_name=_name(mailbox), username=local, domain=ascii_domain)


def _name(mailbox: Mailbox) -> str:
    # The mail library loses the quotes of a name when it breaks a long line, and a comma would make two addressees.
    if len(mailbox.name) + len(mailbox.address) <= _ONE_LINE and mailbox.name.isascii():
        return mailbox.name
    return _SPECIALS.sub(" ", mailbox.name).strip()
