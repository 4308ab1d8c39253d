"""What only mail has, beside a message's text and files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Somebody in a mail's head; ``address`` in its normal form, ``name`` may be empty."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that came in. Its text is without quotes and signature, which are ``folded`` away.

    ``html`` is as it came, never to be shown unsanitized. ``message_id`` without angle brackets,
    made up from the mail where it has none. ``token``: the signed reply address it was sent to, if
    it was and the signature is ours.
    """

    message_id: str
    subject: str
    html: str = ""
    folded: str = ""
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    token: str = ""


@dataclass(frozen=True, slots=True)
class OutboundMail:
    """What a mail of ours has beside its text and files.

    ``message_id`` is what it goes out with, ``token`` what the answer's address shall carry.
    ``unsubscribe_url``: one click there ends marketing (RFC 8058); empty where it is none.
    """

    subject: str
    html: str = ""
    cc: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    token: str = ""
    unsubscribe_url: str = ""
