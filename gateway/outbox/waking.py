"""The wake-up of whoever delivers."""

from gateway.wake import wake

DELIVER = "gateway.tasks.deliver"


def wake_outbox() -> None:
    """Let a worker look at the outbox once this transaction has committed."""
    wake(DELIVER)
