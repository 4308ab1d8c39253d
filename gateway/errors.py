"""Why a message could not be sent, as a closed tree that drives what happens next.

GatewayError
├── BadSignature      the webhook is not from the provider: 403, nothing stored
├── Malformed         the webhook is no payload of this provider: 400
└── SendError
    ├── Throttled         try again, not before retry_after
    ├── Unreachable       certainly not accepted (refused, no route, 503): try again
    ├── Withdrawn         we stopped before it left: the same attempt again
    ├── Ambiguous         perhaps accepted (time-out after writing, 5xx): never blindly again
    ├── Rejected          permanent for this message
    ├── OptedOut          permanent; the address goes on the suppression list
    ├── NotCapable        this channel cannot reach this person: fallback
    ├── WindowClosed      free text not allowed now
    ├── TooLong           permanent for this text
    └── BadCredentials    pauses the channel and alarms; the message waits
"""


class GatewayError(Exception):
    """Base of what adapters raise."""


class BadSignature(GatewayError):
    """The request's signature is missing or wrong."""


class Malformed(GatewayError):
    """The body is nothing this provider would send."""


class SendError(GatewayError):
    """A send that did not succeed. ``code`` and ``text`` are the provider's own, for people."""

    retryable = False

    def __init__(self, text: str, *, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.retry_after = retry_after

    @property
    def name(self) -> str:
        """The word kept in ``Delivery.error_class``."""
        return type(self).__name__


class Throttled(SendError):
    """Too fast; not accepted. ``retry_after`` in seconds when the provider said so."""

    retryable = True


class Unreachable(SendError):
    """Certainly not accepted; the provider or the phone may be reachable later."""

    retryable = True


class Withdrawn(SendError):
    """We stopped before anything was written to the provider; certainly not accepted."""

    retryable = True


class Ambiguous(SendError):
    """The provider may or may not have accepted it."""


class Rejected(SendError):
    """Permanent for this message."""


class OptedOut(SendError):
    """The recipient does not want messages from this sender."""


class NotCapable(SendError):
    """This channel cannot reach this person.

    ``reach`` is a word of gateway.contract.Reach where that says something of the address for a
    while, whatever is sent; empty where it is about this message.
    """

    reach = ""


class WindowClosed(SendError):
    """Only templates are allowed now."""


class TooLong(SendError):
    """The text is longer than the provider takes."""


class BadCredentials(SendError):
    """Token, permission, sender or billing problem of the channel itself."""


ERRORS: dict[str, type[SendError]] = {
    error.__name__: error
    for error in (
        Throttled,
        Unreachable,
        Ambiguous,
        Rejected,
        OptedOut,
        NotCapable,
        WindowClosed,
        TooLong,
        BadCredentials,
    )
}
