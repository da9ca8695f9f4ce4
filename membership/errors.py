"""The one exception that speaks to a person: a refusal with its sentence and its status."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Tells a person that something was not done, and why.

    `sentence` is the English msgid, with `%(name)s` filled from `values`; the edge translates it.
    `field` names the form field it is about; `status` is the HTTP status (422 bad input, 409 wrong state,
    403 not allowed, 404 hidden, 410 over, 429 too many, 503 Stripe is away). `retry_after` is in seconds.
    """

    status = 422

    def __init__(
        self, sentence: str, *, field: str | None = None, retry_after: int | None = None, **values: object
    ) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values
        self.field = field
        self.retry_after = retry_after


class NotFound(Refusal):
    """What was asked for does not exist, or not for this person."""

    status = 404


class WrongState(Refusal):
    """The thing exists, but not in a state that allows this."""

    status = 409


class NotAllowed(Refusal):
    """This person may not do this."""

    status = 403


class TooMany(Refusal):
    """A limit is reached; `retry_after` says for how many seconds."""

    status = 429


class Dead(Refusal):
    """A link of ours that opens nothing any more: too old, or whose it was is gone."""

    status = 410


class Unavailable(Refusal):
    """Something outside (Stripe) cannot be reached; nothing was done."""

    status = 503
