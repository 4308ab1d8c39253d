"""Counts who opens a mail and follows its links, where the campaign says so.

An open is a picture that was fetched: mail programs that fetch all pictures beforehand (Apple's)
count as one, those that fetch none do not. A click is somebody following a link, or a scanner that
says it is a browser. The numbers are good to compare mails, not to know a person by.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Sum
from django.http import HttpRequest
from django.utils import timezone

from campaigns.mail.model import MailEvent
from campaigns.mail.tokens import Forged, Purpose, line_of
from campaigns.models import Campaign, Recipient, line_uid
from contacts.models import Contact
from gateway.content.reading import LETTER
from gateway.letters.filling import Filling
from gateway.models import Delivery

# One statement, so that two requests at once are two. A contact that is being deleted has no row.
NOTE = """
INSERT INTO campaigns_mailevent AS e
    (workspace_id, campaign_id, contact_id, line, kind, link, count, first_at, last_at)
SELECT %(workspace)s, %(campaign)s, c.id, %(line)s, %(kind)s, %(link)s, 1, %(now)s, %(now)s
FROM contacts_contact c WHERE c.id = %(contact)s AND c.workspace_id = %(workspace)s
ON CONFLICT (campaign_id, kind, link, line)
DO UPDATE SET count = least(e.count + 1, 2000000000), last_at = excluded.last_at
"""
# Those who say what they are. Google's and Yahoo's picture proxies fetch for a person who looks.
MACHINES = re.compile(
    r"bot\b|crawl|spider|slurp|preview|scan|proofpoint|mimecast|barracuda|safelinks|"
    r"trendmicro|symantec|headless|curl/|wget/|python-|go-http-client|java/|okhttp|libwww",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Done:
    """How many people did it, and how often in all."""

    people: int = 0
    times: int = 0


@dataclass(frozen=True, slots=True)
class MailNumbers:
    """What came of a campaign's mail. ``links``: the address as it was typed, and its clicks."""

    opened: Done
    clicked: Done
    unsubscribed: int
    links: Sequence[tuple[str, Done]]


def tracked_line(token: str) -> Recipient:
    """The line of a link or picture; Forged for no token of ours and for what does not count."""
    lines = Recipient.objects.select_related("campaign")
    line = lines.filter(pk=line_of(token, Purpose.TRACK)).first()
    if line is None or line.campaign.made is None:
        raise Forged
    return line


def counts(request: HttpRequest, line: Recipient) -> bool:
    """Whether a person asks, as far as can be known."""
    if request.method != "GET" or not line.campaign.tracks:
        return False
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    agent = request.headers.get("User-Agent", "")
    return bool(agent) and "prefetch" not in purpose.lower() and not MACHINES.search(agent)


def note(line: Recipient, kind: str, link: int = 0) -> None:
    """Count it, once more if it was before; nothing of a contact that is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            NOTE,
            {
                "workspace": line.workspace_id,
                "campaign": line.campaign_id,
                "contact": line.contact_id,
                "line": line.pk,
                "kind": str(kind),
                "link": link,
                "now": timezone.now(),
            },
        )


def address_of(line: Recipient, link: int) -> str:
    """Where a link of the campaign's leads for this person; Forged when it has no such link."""
    made = line.campaign.made or {}
    links = made.get("links", [])
    if not 0 <= link < len(links):
        raise Forged
    parts = links[link]
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    uid = line_uid(line.campaign, line.pk)
    content = Delivery.objects.filter(uid=uid).values_list("content", flat=True).first() or {}
    # Without the delivery nobody knows the values any more; the page is there all the same.
    values = content.get(LETTER, {}).get("values") or [words or "" for _, words in made["slots"]]
    return Filling.of({"link": parts}).say("link", values)


def mail_numbers(campaign: Campaign) -> MailNumbers:
    """What people did with a campaign's mail; two statements."""
    rows = MailEvent.objects.filter(campaign=campaign).order_by()
    found: dict[tuple[str, int], Done] = {
        (kind, link): Done(people, times)
        for kind, link, people, times in rows.values_list("kind", "link").annotate(
            Count("id"), Sum("count")
        )
    }
    clicked, opened, left = (
        MailEvent.Kind.CLICKED,
        found.get((MailEvent.Kind.OPENED, 0), Done()),
        found.get((MailEvent.Kind.UNSUBSCRIBED, 0), Done()),
    )
    times = sum(done.times for (kind, _), done in found.items() if kind == clicked)
    people = rows.filter(kind=clicked).aggregate(n=Count("line", distinct=True))["n"]
    links = [
        (_shown(campaign, parts), found.get((clicked, place), Done()))
        for place, parts in enumerate((campaign.made or {}).get("links", []))
    ]
    return MailNumbers(opened, Done(people, times), left.people, links)


def done_by(campaign: Campaign, lines: Sequence[int]) -> Mapping[int, Mapping[str, MailEvent]]:
    """Of these lines what each did: the first time by kind; one statement."""
    found: dict[int, dict[str, MailEvent]] = {}
    rows = MailEvent.objects.filter(campaign=campaign, line__in=lines).order_by("-first_at")
    for row in rows:
        found.setdefault(row.line, {})[row.kind] = row
    return found


def move_events(*, keep_id: int, other_id: int) -> None:
    """The events of a contact that is merged away belong to the one that stays."""
    MailEvent.objects.filter(contact_id=other_id).update(contact_id=keep_id)


def known_contact(line: Recipient) -> bool:
    """Whether the contact is still there."""
    return Contact.objects.filter(pk=line.contact_id).exists()


def _shown(campaign: Campaign, parts: Sequence[object]) -> str:
    names = [name for name, _words in (campaign.made or {}).get("slots", [])]
    return "".join(
        part if isinstance(part, str) else f"{{{{ {names[part[0]]} }}}}"  # type: ignore[index]
        for part in parts
    )
