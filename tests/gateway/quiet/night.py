"""Quiet hours around the real clock: it is night in UTC and day in Japan, or the reverse."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import Workspace
from gateway.models import QuietHours
from gateway.quiet.setting import set_quiet_hours

ASLEEP, AWAKE = "UTC", "Asia/Tokyo"


def fall(ws: Workspace, zone: str = ASLEEP) -> QuietHours:
    """From now on it is night in ``zone``, from two hours ago until in two hours."""
    here = datetime.now(UTC).astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    two = timedelta(hours=2)
    return set_quiet_hours(
        workspace=ws,
        member=None,
        enabled=True,
        starts=(here - two).time(),
        ends=(here + two).time(),
    )


def lift(ws: Workspace) -> QuietHours:
    """They are switched off."""
    row = QuietHours.objects.get(workspace=ws)
    return set_quiet_hours(
        workspace=ws, member=None, enabled=False, starts=row.starts, ends=row.ends
    )
