"""How a provider misbehaves on request."""

import random
from dataclasses import dataclass, fields

from simulator.bodies import Body

RATES = (
    "rate_429",
    "rate_500",
    "rate_503",
    "rate_credentials",
    "drop_after_accept",
    "drop_connection",
    "duplicate",
    "reorder",
    "revoke_race",
    "revoke_failed",
)
LONGEST_LATENCY_MS = 120_000
LATEST_STATUS_S = 3_600


@dataclass(frozen=True, slots=True)
class Faults:
    """Knobs of one provider; rates are shares of calls or webhooks, 0 to 1.

    ``latency_ms`` passes between accepting a message and answering, so reports can come before the
    answer. ``rate_429``, ``rate_500``, ``rate_503`` and ``rate_credentials`` refuse without
    accepting. ``drop_after_accept`` accepts and cuts the connection without an answer,
    ``drop_connection`` cuts it without accepting.
    ``duplicate`` sends webhooks twice, one after the other or both at the same moment.
    ``reorder`` lets a later report overtake an earlier one, ``late_status_s`` delays reports.

    Of RCS: with ``revoke_race`` a withdrawal, ours or at the end of a message's time, crosses with
    its delivery: the phone has just shown it, and that is reported around the answer. With
    ``revoke_failed`` a message whose time is over could not be withdrawn, and waits on.
    """

    latency_ms: float = 0
    rate_429: float = 0
    rate_500: float = 0
    rate_503: float = 0
    rate_credentials: float = 0
    drop_after_accept: float = 0
    drop_connection: float = 0
    duplicate: float = 0
    reorder: float = 0
    late_status_s: float = 0
    revoke_race: float = 0
    revoke_failed: float = 0


def read_faults(body: Body) -> Faults:
    """The knobs a body sets; those it does not name are off."""
    values = {name: body.number(name, low=0, high=1) for name in RATES}
    values["latency_ms"] = body.number("latency_ms", low=0, high=LONGEST_LATENCY_MS)
    values["late_status_s"] = body.number("late_status_s", low=0, high=LATEST_STATUS_S)
    body.finish()
    return Faults(**values)


def happens(rate: float) -> bool:
    """Whether something with this rate happens now."""
    return rate > 0 and random.random() < rate


def as_dict(faults: Faults) -> dict[str, float]:
    """The knobs by name."""
    return {field.name: getattr(faults, field.name) for field in fields(faults)}
