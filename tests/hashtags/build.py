"""Chats, posts that are found, and an account on X to hold them on."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Member, Workspace
from gateway.events import InboundMessage, Received, Tagged
from gateway.models import Channel
from hashtags.models import HashtagChat, HashtagQuestion, QuestionState
from hashtags.services import create
from tests import builders
from tests.payloads.x.exhibit import CONFIG, OWN

posts = itertools.count(2080765813578194000)
TAG = "BrandChat"


def channel(ws: Workspace | None = None, own: str = OWN) -> Channel:
    """An account on X."""
    config = CONFIG | {"access_token": f"{own}-AccessToken0123456789"}
    return builders.channel(ws, config, kind="x", name="Acme", address="@acme")


def chat(where: Channel, member: Member | None = None, **fields: Any) -> HashtagChat:
    """An hour that begins now, with questions after 0, 10 and 20 minutes."""
    questions = [{"text": f"Question {n}?", "minute": n * 10 - 10} for n in (1, 2, 3)]
    given = {
        "title": "Coffee hour",
        "channel": where,
        "hashtag": TAG,
        "starts_at": timezone.now(),
        "minutes": 60,
        "questions": questions,
    }
    return create(workspace=where.workspace, member=member, **given | fields)


def question(of: HashtagChat, position: int) -> HashtagQuestion:
    """The chat's question with this number."""
    return of.questions.get(position=position)


def asked(of: HashtagChat, position: int, at: datetime | None = None) -> HashtagQuestion:
    """As if it had been posted."""
    row = question(of, position)
    row.state, row.asked_at = QuestionState.ASKED, at or timezone.now()
    row.post_id = str(next(posts))
    row.save()
    return row


def post(text: str, **fields: Any) -> InboundMessage:
    """Somebody's post."""
    id = str(next(posts))
    given: dict[str, Any] = {
        "occurred_at": timezone.now(),
        "thread": id,
        "public": True,
        "sender_name": "Bob (@bob)",
    }
    return InboundMessage(id, fields.pop("sender", "2222"), OWN, text, **given | fields)


def received(where: Channel, event: Any) -> Received:
    """As receivers get it."""
    return Received(where.workspace_id, where.pk, "x", "x", timezone.now(), "", event)


def found(where: Channel, *events: InboundMessage, tag: str = TAG) -> list[Received]:
    """As posts with the hashtag that were looked for."""
    return [received(where, Tagged(tag.lower(), one)) for one in events]


def shift(of: HashtagChat, **by: int) -> None:
    """As if so much time had passed since it was planned."""
    back = timedelta(**by)
    of.starts_at -= back
    of.ends_at -= back
    of.save()
    for row in of.questions.all():
        row.due_at -= back
        row.save()
