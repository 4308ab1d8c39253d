"""What an invitation in a mail says (RFC 5545), in words."""

import re
from datetime import datetime

from django.utils.translation import gettext as _

MAX_READ = 100_000
LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)")
TZID = re.compile(r";TZID=\"?([^;\":]{1,60})", re.IGNORECASE)
ESCAPED = re.compile(r"\\([\\;,nN])")
FORMATS = (("%Y%m%dT%H%M%SZ", "%Y-%m-%d %H:%M UTC"), ("%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M"))
MAX_WORDS = 300

Fields = dict[str, tuple[str, str]]


def in_words(calendar: str) -> str:
    """A few lines on the first event of a calendar file; empty where there is none."""
    fields = _first_event(calendar[:MAX_READ])
    if fields is None:
        return ""
    title = _words(fields, "SUMMARY") or _("without a title")
    lines = [_heading(fields) % {"title": title}]
    if when := _when(fields):
        lines.append(_("When: %(when)s") % {"when": when})
    if where := _words(fields, "LOCATION"):
        lines.append(_("Where: %(where)s") % {"where": where})
    if organizer := _words(fields, "ORGANIZER").removeprefix("mailto:").removeprefix("MAILTO:"):
        lines.append(_("Organizer: %(organizer)s") % {"organizer": organizer})
    return "\n".join(lines)


def _heading(fields: Fields) -> str:
    method = fields.get("METHOD", ("", ""))[1].strip().upper()
    status = fields.get("STATUS", ("", ""))[1].strip().upper()
    if method == "CANCEL" or status == "CANCELLED":
        return _("Cancelled: %(title)s")
    if method == "REPLY":
        return _("Answer to an invitation: %(title)s")
    if method == "REQUEST":
        return _("Invitation: %(title)s")
    return _("Event: %(title)s")


def _first_event(calendar: str) -> Fields | None:
    """The fields of the calendar and of its first event; None where it has no event."""
    fields: Fields = {}
    inside: list[str] = []
    event = False
    for line in re.sub(r"\r?\n[ \t]", "", calendar).splitlines():
        found = LINE.fullmatch(line[:4000])
        if not found:
            continue
        name, value = found[1].upper(), found[3]
        if name == "BEGIN":
            inside.append(value.strip().upper())
            event = event or inside[-1] == "VEVENT"
        elif name == "END":
            if inside and inside.pop() == "VEVENT":
                break
        elif inside in (["VCALENDAR"], ["VCALENDAR", "VEVENT"]):
            fields.setdefault(name, (found[2], value))
    return fields if event else None


def _words(fields: Fields, name: str) -> str:
    value = fields.get(name, ("", ""))[1]
    value = ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)
    return re.sub(r"\s+", " ", value).strip()[:MAX_WORDS]


def _when(fields: Fields) -> str:
    """Beginning and end as the calendar has them, with their time zone."""
    begin, zone = _moment(fields, "DTSTART")
    end, _zone = _moment(fields, "DTEND")
    if not begin:
        return ""
    if end and end[:10] == begin[:10] and len(end) > 10:
        end = end[11:]
    span = f"{begin} – {end}" if end and end != begin else begin
    return f"{span} ({zone})" if zone else span


def _moment(fields: Fields, name: str) -> tuple[str, str]:
    given, value = fields.get(name, ("", ""))
    value = value.strip()
    zone = found[1] if (found := TZID.search(given)) else ""
    for read, shown in FORMATS:
        try:
            return datetime.strptime(value, read).strftime(shown), zone  # noqa: DTZ007 - as written
        except ValueError:
            continue
    try:
        return datetime.strptime(value[:8], "%Y%m%d").strftime("%Y-%m-%d"), ""  # noqa: DTZ007
    except ValueError:
        return "", ""
