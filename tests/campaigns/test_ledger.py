"""Pages of a ledger: whatever the filter and direction, nothing is missed or shown twice."""

from itertools import cycle

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from campaigns import pace, services
from campaigns.expansion import expand_batch
from campaigns.ledger import OUTCOMES, Entry, Ledger
from campaigns.models import Campaign, Recipient, line_id, line_uid
from tests import builders as make
from tests.api.client import caller, errors
from tests.campaigns import build

pytestmark = pytest.mark.django_db

STATES = ["queued", "sending", "sent", "delivered", "read", "failed", "unknown", "expired"]


def mixed(ws, monkeypatch) -> Campaign:
    """A campaign in the midst: 16 of 20 handed over, in every state, some answered, some left."""
    monkeypatch.setattr(pace, "BATCH", 16)
    build.people(ws, 20)
    make.contact(ws)
    campaign = build.launched(ws)
    assert expand_batch(campaign.pk) == 16
    for row, state in zip(build.deliveries(campaign).order_by("id"), cycle(STATES), strict=False):
        build.deliveries(campaign).filter(pk=row.pk).update(state=state)
    read = [line_id(row.uid) for row in build.deliveries(campaign).filter(state="read")]
    Recipient.objects.filter(pk__in=read[:1]).update(replied_at=timezone.now())
    return Campaign.objects.get(pk=campaign.pk)


def walked(ledger: Ledger, size: int) -> list[int]:
    """Every page forward; each read backwards from its end as well."""
    found: list[int] = []
    while page := ledger.page(size, after=found[-1] if found else 0):
        ids = [entry.recipient.pk for entry in page]
        back = ledger.page(len(page), before=ids[-1] + 1)
        assert [entry.recipient.pk for entry in back] == ids
        found += ids
    return found


def expected(entries: list[Entry], outcome: str, reason: str, replied: bool) -> list[int]:
    def fits(entry: Entry) -> bool:
        state = "queued" if entry.state == "sending" else entry.state
        answered = entry.recipient.replied_at is not None
        return (not outcome or state == outcome) and (
            (not reason or entry.reason == reason) and (answered or not replied)
        )

    return [entry.recipient.pk for entry in entries if fits(entry)]


@pytest.mark.parametrize("cancelled", [False, True])
def test_every_filter_shows_what_it_says(monkeypatch, cancelled):
    campaign = mixed(make.workspace(), monkeypatch)
    if cancelled:
        campaign = services.cancel(campaign=campaign, member=None)
    everything = list(Ledger(campaign))
    assert len(everything) == 21
    for outcome in ["", *OUTCOMES]:
        for reason in ["", "no_address", "cancelled"]:
            for replied in [False, True]:
                ledger = Ledger(campaign, outcome, reason, replied)
                wanted = expected(everything, outcome, reason, replied)
                assert walked(ledger, 2) == wanted, (outcome, reason, replied)
    build.counted(campaign)


def test_a_page_takes_as_many_statements_as_a_line(monkeypatch):
    campaign = mixed(make.workspace(), monkeypatch)

    def count(limit: int) -> int:
        with CaptureQueriesContext(connection) as statements:
            assert len(Ledger(campaign, "sent").page(limit)) == limit
        return len(statements)

    assert count(1) == count(2) == 5


def test_uids_are_in_the_order_of_lines_and_name_them():
    one, other = Campaign(), Campaign()
    ids = [1, 2, 255, 256, 2**40, 2**62 - 1]
    uids = [line_uid(one, pk) for pk in ids]
    assert sorted(uids, key=lambda uid: uid.bytes) == uids
    assert [line_id(uid) for uid in uids] == ids
    assert {(uid.version, uid.variant) for uid in uids} == {(8, "specified in RFC 4122")}
    assert not set(uids) & {line_uid(other, pk) for pk in ids}


def test_the_api_leads_through_the_ledger_and_back(monkeypatch):
    api = caller(Role.MARKETER)
    campaign = mixed(api.workspace, monkeypatch)
    path = f"campaigns/{campaign.pk}/recipients/"
    pages = [api.get(f"{path}?page_size=8").json()]
    while url := pages[-1]["next"]:
        pages.append(api.get(path + url[url.index("?") :]).json())
    lines = [line for page in pages for line in page["results"]]
    assert [len(page["results"]) for page in pages] == [8, 8, 5]
    assert [line["address"] for line in lines] == [e.recipient.address for e in Ledger(campaign)]
    assert (pages[0]["previous"], lines[-1]["reason"]) == (None, "no_address")
    back = pages[-1]["previous"]
    before = api.get(path + back[back.index("?") :]).json()
    assert before["results"] == pages[1]["results"]
    assert before["next"]
    for cursor in ["x", "cD14", "cD0tMQ==", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ=="]:
        assert errors(api.get(f"{path}?cursor={cursor}")).keys() == {"cursor"}
