"""Merging contacts keeps every message, and one open conversation per contact and channel."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from contacts.services import merge_contacts
from conversations.models import Conversation
from tests import builders as make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("others_is_newer", [False, True])
def test_two_open_conversations_on_one_channel_become_one(others_is_newer):
    ws = make.workspace()
    channel, agent = make.channel(ws), make.member(ws)
    now = timezone.now()
    early, late = now - timedelta(hours=2), now - timedelta(hours=1)
    keep, other = make.contact(ws), make.contact(ws)
    of_keep = make.conversation(
        channel,
        keep,
        last_inbound_at=early if others_is_newer else late,
        assignee=agent,
        waiting_since=late,
    )
    of_other = make.conversation(
        channel,
        other,
        last_inbound_at=late if others_is_newer else early,
        status="pending",
        waiting_since=early,
    )
    messages = {make.message(of_keep).pk, make.message(of_other).pk}
    merge_contacts(keep=keep, other=other, member=None)
    winner, loser = (of_other, of_keep) if others_is_newer else (of_keep, of_other)
    winner.refresh_from_db()
    loser.refresh_from_db()
    assert {winner.contact_id, loser.contact_id} == {keep.pk}
    assert (winner.status, loser.status) == ("open", "resolved")
    assert (winner.assignee, winner.waiting_since) == (agent, early)
    assert set(winner.messages.values_list("pk", flat=True)) == messages
    assert not loser.messages.exists()


def test_conversations_on_other_channels_and_resolved_ones_just_move():
    ws = make.workspace()
    keep, other = make.contact(ws), make.contact(ws)
    channel = make.channel(ws)
    make.conversation(channel, keep)
    moved = {
        make.conversation(channel, other, status="resolved").pk,
        make.conversation(make.channel(ws), other).pk,
    }
    merge_contacts(keep=keep, other=other, member=None)
    rows = Conversation.objects.filter(pk__in=moved)
    assert {row.contact_id for row in rows} == {keep.pk}
    assert sorted(rows.values_list("status", flat=True)) == ["open", "resolved"]
    assert list(Contact.objects.in_workspace(ws)) == [keep]
