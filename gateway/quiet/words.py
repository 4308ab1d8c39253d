"""What is said of a message that waits for its morning."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from gateway.models import Delivery
from gateway.quiet.places import Rule, rules_of
from gateway.quiet.zones import zones_of
from gateway.states import State


def is_held(row: Delivery, now: datetime | None = None) -> bool:
    """Whether it waits for the end of quiet hours."""
    waits = row.held_until is not None and row.held_until > (now or timezone.now())
    return waits and row.state == State.QUEUED


def rule_of(workspace_id: int, rows: Iterable[Delivery]) -> Rule | None:
    """What ``why_held`` needs, asked for only where one of the rows waits."""
    if any(is_held(row) for row in rows):
        return rules_of([workspace_id]).get(workspace_id)
    return None


def why_held(row: Delivery, rule: Rule) -> str:
    """Until when it waits, by the clock of the place; empty where it does not."""
    if row.held_until is None or not is_held(row):
        return ""
    zones = zones_of(row.zone, row.address, rule.zone)
    clocks = {zone: row.held_until.astimezone(ZoneInfo(zone)) for zone in zones}
    zone = min(zones, key=lambda zone: clocks[zone].time())
    words = {"time": f"{clocks[zone]:%H:%M}", "zone": zone}
    told = _("Quiet hours: waits until %(time)s there (%(zone)s).") % words
    until = row.held_until
    if rule.hours and any(rule.hours.quiet_in(zone, until) for zone in zones):
        most = _("No hour suits all time zones of this number; this one suits most.")
        return f"{told} {most}"
    return told
