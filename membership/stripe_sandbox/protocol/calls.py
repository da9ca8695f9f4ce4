"""What a route's handler is given: the state, the decoded parameters, the id in the path and the time."""

from dataclasses import dataclass
from typing import Any

from membership.stripe_sandbox.protocol.errors import invalid, no_such
from membership.stripe_sandbox.protocol.shapes import Json
from membership.stripe_sandbox.state.store import Store

KEYS_OF_METADATA = 50
LETTERS_OF_KEY = 40
LETTERS_OF_VALUE = 500


@dataclass(frozen=True)
class Call:
    """One request of the API. `id` is the id in the path or empty; `base_url` is where the hosted pages lie."""

    store: Store
    params: Json
    id: str
    base_url: str
    now: int

    def get(self, name: str, default: Any = None) -> Any:
        """Returns a parameter, or the default where it was not sent."""
        return self.params.get(name, default)

    def found(self, kind: str) -> Json:
        """Returns the object that the path names. Raises ApiError 404."""
        body = self.store.get(self.id, kind)
        if body is None:
            raise no_such(kind, self.id)
        return body

    def named(self, kind: str, param: str) -> Json:
        """Returns the object that a parameter names. Raises ApiError 400 resource_missing."""
        body = self.store.get(self.params[param], kind)
        if body is None:
            raise no_such(kind, self.params[param], param=param, status=400)
        return body


def metadata(params: Json, at: str = "metadata") -> Json:
    """Returns the metadata of a new object. Raises ApiError beyond Stripe's limits (https://docs.stripe.com/api/metadata)."""
    given: Json = params.get("metadata") or {}
    if len(given) > KEYS_OF_METADATA:
        raise invalid(f"You can have up to {KEYS_OF_METADATA} keys in metadata.", at)
    for key, value in given.items():
        if len(key) > LETTERS_OF_KEY:
            raise invalid(f"Metadata keys can have up to {LETTERS_OF_KEY} characters.", f"{at}[{key}]")
        if len(value) > LETTERS_OF_VALUE:
            raise invalid(f"Metadata values can have up to {LETTERS_OF_VALUE} characters.", f"{at}[{key}]")
    return {key: value for key, value in given.items() if value}


def changed_metadata(body: Json, params: Json) -> Json:
    """Returns an object's metadata after an update: keys are merged, an empty value unsets one, `""` unsets all."""
    given = metadata(params)
    if not params.get("metadata"):
        return {}
    kept = {key: value for key, value in body["metadata"].items() if key not in params["metadata"]}
    return kept | given
