"""What authenticators are asked and what they answer (WebAuthn level 2); the only place that knows the library."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

LONGEST_ANSWER = 16_000


class Unproven(Exception):  # noqa: N818 - said of the answer
    """An authenticator's answer proves nothing: damaged, for another site or challenge, or not by that key."""


@dataclass(frozen=True)
class Site:
    """This site as authenticators know it: `id` is the host, `origin` what stands before each path."""

    id: str
    origin: str
    name: str


@dataclass(frozen=True)
class Key:
    """A key that an authenticator keeps for us: its id and public half in base64url, and how often it was used."""

    credential_id: str
    public_key: str
    sign_count: int


def creation_options(site: Site, challenge: str, *, person: str, shown: str, known: tuple[str, ...]) -> str:
    """Returns the JSON that asks for a new key of a `person` (an id of ours), `shown` by that name, not `known`."""
    options = _webauthn().generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=person.encode(),
        user_name=shown,
        user_display_name=shown,
        challenge=challenge.encode(),
        authenticator_selection=_webauthn().helpers.structs.AuthenticatorSelectionCriteria(
            # The key is found without an address, so that the sign-in page need not say whose keys there are.
            resident_key=_webauthn().helpers.structs.ResidentKeyRequirement.REQUIRED,
            user_verification=_webauthn().helpers.structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            _webauthn().helpers.structs.PublicKeyCredentialDescriptor(id=_webauthn().helpers.base64url_to_bytes(each))
            for each in known
        ],
    )
    return str(_webauthn().options_to_json(options))


def request_options(site: Site, challenge: str) -> str:
    """Returns the JSON that asks for the proof of any key that is kept for this site."""
    options = _webauthn().generate_authentication_options(
        rp_id=site.id,
        challenge=challenge.encode(),
        user_verification=_webauthn().helpers.structs.UserVerificationRequirement.REQUIRED,
    )
    return str(_webauthn().options_to_json(options))


def new_key(site: Site, challenge: str, answer: str) -> Key:
    """Returns the key that was made for a challenge. Raises `Unproven`."""
    try:
        made = _webauthn().verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge.encode(),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (_webauthn().helpers.exceptions.WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Unproven(str(error)) from error
    return Key(
        _webauthn().helpers.bytes_to_base64url(made.credential_id),
        _webauthn().helpers.bytes_to_base64url(made.credential_public_key),
        made.sign_count,
    )


def credential_named(answer: str) -> str:
    """Returns the id of the key that an answer says it is by. Raises `Unproven`."""
    named = _read(answer).get("id")
    if not isinstance(named, str):
        raise Unproven("the answer names no key")
    return named


def uses_after(site: Site, challenge: str, answer: str, key: Key) -> int:
    """Verifies that an answer to a challenge is by a key; returns how often that was used now. Raises `Unproven`."""
    try:
        proven = _webauthn().verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge.encode(),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=_webauthn().helpers.base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (_webauthn().helpers.exceptions.WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise Unproven(str(error)) from error
    return int(proven.new_sign_count)


@cache
def _webauthn() -> Any:
    # 17 MiB that workers, and most processes for as long as they live, have no use for.
    return import_module("webauthn")


def _read(answer: str) -> dict[str, object]:
    try:
        read = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError) as error:
        raise Unproven("the answer is no JSON") from error
    if not isinstance(read, dict):
        raise Unproven("the answer is no object")
    return read
