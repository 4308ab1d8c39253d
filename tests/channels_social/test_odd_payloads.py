"""Payloads that are broken anywhere: what can be taken in is, and nothing raises but Malformed."""

import copy
import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_social import wechat_xml
from gateway.content.model import Location
from gateway.contract import WebhookRequest
from gateway.errors import Malformed
from gateway.events import Event, InboundMessage, StatusUpdate
from gateway.http import POLLED
from tests.payloads.exhibits import exhibit

PAYLOADS = Path(__file__).parents[1] / "payloads"
KINDS = ["whatsapp", "messenger", "instagram", "telegram", "viber", "line", "x"]
# What the columns hold that these fields end in.
LONGEST = {"external_id": 255, "sender": 320, "reply_to": 255, "kind": 100, "thread": 255}
odd_words = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["\0", "\ud800", "x" * 700, "0", "-1", "٣", "9" * 19, "1e400", "\u202e", " "]),
)
odd_numbers = st.one_of(
    st.integers(),
    st.sampled_from([2**63, -(2**63), 10**300, 10**18, 0, -1]),
    st.floats(),
    st.booleans(),
)
odd_values = st.recursive(
    st.one_of(st.none(), odd_words, odd_numbers),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(odd_words, inner, max_size=3)
    ),
    max_leaves=4,
)
patiently = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@cache
def files(kind: str) -> list[bytes]:
    """All payload files of a kind."""
    return [path.read_bytes() for path in sorted((PAYLOADS / kind).glob("*.json"))]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in JSON, by keys and indexes."""
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, one in inside:
        yield (*path, key)
        yield from places(one, (*path, key))


@st.composite
def broken(draw: st.DrawFn, kind: str) -> Any:
    """A payload in which up to three places are dropped, or hold anything."""
    return draw(damaged(json.loads(draw(st.sampled_from(files(kind))))))


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> Any:
    """JSON in which up to three places are dropped, or hold anything."""
    found = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        known = list(places(found))
        if not known:
            break
        *above, last = draw(st.sampled_from(known))
        place = found
        for key in above:
            place = place[key]
        if draw(st.booleans()):
            del place[last]
        else:
            place[last] = draw(odd_values)
    return found


def request_of(kind: str, payload: Any) -> WebhookRequest:
    """The payload as it would be stored: pushed, or (a page of X) asked for."""
    body = json.dumps(payload).encode()
    page = kind == "x" and isinstance(payload, dict) and isinstance(payload.get("data"), list)
    inbound = exhibit(kind).inbound
    return dataclasses.replace(inbound, method=POLLED if page else inbound.method, body=body)


def taken(kind: str, payload: Any) -> list[Event] | None:
    """The events of a payload; None where it is refused as a whole."""
    shown, request = exhibit(kind), request_of(kind, payload)
    try:
        shown.adapter.shard_key(request)
        shown.adapter.acknowledge(request)
        return list(shown.adapter.parse(request))
    except Malformed:
        return None


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """All plain values of an event, with the names of their fields."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), field.name)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from leaves(one, name)
    else:
        yield name, value


def check(event: Event) -> None:
    """An event that the database can keep."""
    for name, value in leaves(event):
        if isinstance(value, StrEnum):
            continue
        if isinstance(value, str):
            assert "\0" not in value, name
            value.encode()
            assert len(value) <= LONGEST.get(name, 100_000), name
        elif isinstance(value, datetime):
            assert value.tzinfo is not None
        else:
            assert value is None or isinstance(value, bool | int | float | UUID), name
            assert not isinstance(value, int) or abs(value) < 2**63, name
    if isinstance(event, InboundMessage):
        assert event.external_id
        assert event.sender
        assert event.location is None or _on_earth(event.location)
    if isinstance(event, StatusUpdate):
        assert event.external_id or event.delivery_uid


def _on_earth(place: Location) -> bool:
    return abs(place.latitude) <= 90 and abs(place.longitude) <= 180


@pytest.mark.parametrize("kind", KINDS)
@patiently
@given(data=st.data())
def test_what_is_broken_raises_nothing_else(kind: str, data: st.DataObject) -> None:
    for event in taken(kind, data.draw(broken(kind))) or ():
        check(event)


# Where a request lists what happened, and a payload file that it certainly understands.
LISTS = {
    "whatsapp": ("entry", "message_text"),
    "messenger": ("entry", "message_text"),
    "instagram": ("entry", "message_text"),
    "line": ("events", "message_text"),
}


@pytest.mark.parametrize("kind", LISTS)
@patiently
@given(data=st.data())
def test_what_is_broken_takes_nothing_with_it(kind: str, data: st.DataObject) -> None:
    name, file = LISTS[kind]
    good = json.loads((PAYLOADS / kind / f"{file}.json").read_bytes())
    bad = data.draw(broken(kind))
    listed = bad.get(name) if isinstance(bad, dict) else None
    among = listed if isinstance(listed, list) else [bad]
    whole = taken(kind, {**good, name: [*among, *good[name]]})
    assert whole is not None
    expected = taken(kind, good)
    assert expected
    assert whole[-len(expected) :] == expected


odd_xml = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    st.sampled_from(["0", "-1", "9" * 30, "1e400", "NaN", "[1]", "x" * 700, "<b/>", "\u202e"]),
)


@patiently
@given(data=st.data())
def test_wechats_fields_may_hold_anything(data: st.DataObject) -> None:
    shown = exhibit("wechat")
    paths = sorted((PAYLOADS / "wechat").glob("*.xml"))
    fields = wechat_xml.read(data.draw(st.sampled_from(paths)).read_bytes())
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=3)):
        fields[name] = data.draw(st.one_of(st.none(), odd_xml))
    body = "".join(f"<{name}>{_xml(value)}</{name}>" for name, value in fields.items())
    unsigned = dataclasses.replace(shown.inbound, body=f"<xml>{body}</xml>".encode())
    request = shown.sign(unsigned)
    try:
        shown.adapter.shard_key(request)
        events = shown.adapter.parse(request)
    except Malformed:
        return
    for event in events:
        check(event)


def _xml(value: Any) -> str:
    return "" if value is None else value if value == "<b/>" else escape(str(value))
