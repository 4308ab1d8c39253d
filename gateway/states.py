"""The delivery state machine: which state may follow which, in one table.

A later state is never overwritten by an earlier one, whatever the order in which providers
report. ``failed`` yields to a later ``delivered`` or ``read`` (a provider that first gave up and
then succeeded did succeed).
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """States of a delivery."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    REPLACED = "replaced", _("Replaced")
    UNKNOWN = "unknown", _("Unknown")


# What the engine and people may do.
TRANSITIONS: dict[State, frozenset[State]] = {
    # Replaced when what it was to replace has arrived after all.
    State.QUEUED: frozenset(
        {State.SENDING, State.CANCELLED, State.EXPIRED, State.FAILED, State.REPLACED}
    ),
    State.SENDING: frozenset(
        {
            State.QUEUED,
            State.SENT,
            State.DELIVERED,
            State.READ,
            State.FAILED,
            State.UNKNOWN,
            State.EXPIRED,
            State.CANCELLED,
        }
    ),
    State.UNKNOWN: frozenset(
        {
            State.QUEUED,
            State.SENT,
            State.DELIVERED,
            State.READ,
            State.FAILED,
            State.EXPIRED,
            State.REPLACED,
        }
    ),
    State.SENT: frozenset(
        {State.DELIVERED, State.READ, State.FAILED, State.EXPIRED, State.REPLACED}
    ),
    # Replaced when it was to be read in time.
    State.DELIVERED: frozenset({State.READ, State.REPLACED}),
    State.READ: frozenset(),
    State.FAILED: frozenset({State.QUEUED, State.DELIVERED, State.READ, State.REPLACED}),
    State.EXPIRED: frozenset({State.DELIVERED, State.READ, State.REPLACED}),
    State.CANCELLED: frozenset({State.DELIVERED, State.READ}),
    State.REPLACED: frozenset({State.DELIVERED, State.READ}),
}

# What a provider's status report may cause. A report proves that the provider has the message, so
# it also moves a row that is back in the queue after an unclear attempt. ``expired``: withdrawn by
# the provider because its time was over.
REPORTABLE = frozenset({State.SENT, State.DELIVERED, State.READ, State.FAILED, State.EXPIRED})
# What a provider reports of a message that it does not deliver.
ENDED = frozenset({State.FAILED, State.EXPIRED})

# Nothing more will happen by itself.
FINAL = frozenset(
    {State.READ, State.FAILED, State.EXPIRED, State.CANCELLED, State.REPLACED, State.UNKNOWN}
)
# Not yet handed to the provider.
PENDING = frozenset({State.QUEUED, State.SENDING})


def may_follow(current: State, following: State) -> bool:
    """Whether the engine or a person may move a delivery from ``current`` to ``following``."""
    return following in TRANSITIONS[current]


def after_report(current: State, reported: State) -> State:
    """The state after the provider reported ``reported``: forward, or as it was."""
    if reported not in REPORTABLE:
        return current
    if current == State.QUEUED:
        # Back in the queue after an unclear attempt: proof of acceptance counts, its failure not.
        return current if reported in ENDED else reported
    return reported if reported in TRANSITIONS[current] else current
