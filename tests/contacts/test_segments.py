"""Filters select exactly whom they say, and no input breaks them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.attributes import create_definition
from contacts.consent import opt_out
from contacts.labels import create_label
from contacts.models import Contact, Segment
from contacts.segments import clean_filter, contacts_matching
from contacts.segments.query import _birthday
from contacts.segments.services import create_segment, delete_segment, update_segment
from tests import builders as make

pytestmark = pytest.mark.django_db

KINDS = [
    ("points", "number"),
    ("vip", "boolean"),
    ("joined", "date"),
    ("note", "text"),
]


@pytest.fixture
def ws():
    ws = make.workspace()
    for key, kind in KINDS:
        create_definition(workspace=ws, member=None, key=key, name=key.title(), type=kind)
    create_definition(
        workspace=ws, member=None, key="tier", name="Tier", type="choice", choices=["gold", "basic"]
    )
    return ws


def names(ws, *conditions, match="all") -> str:
    rows = contacts_matching(ws, {"match": match, "conditions": list(conditions)})
    return "".join(sorted(rows.values_list("name", flat=True)))


def when(field, op, value=None):
    entry = {"field": field, "op": op}
    return entry if value is None else entry | {"value": value}


def years_ago(years: int, days: int = 0) -> date:
    return _birthday(timezone.localdate(), years) + timedelta(days=days)


@pytest.fixture
def people(ws):
    """Three people: A has everything, B the opposite, C nothing."""
    a = make.contact(
        ws,
        name="A",
        language="es",
        country="ES",
        timezone="Europe/Madrid",
        gender="female",
        birth_date=years_ago(30),
        attributes={
            "points": 10, "vip": True, "joined": "2024-02-29", "note": "Añil 100%_\\",
            "tier": "gold",
        },
    )  # fmt: skip
    b = make.contact(
        ws,
        name="B",
        language="en",
        country="US",
        gender="male",
        birth_date=years_ago(30, 1),
        attributes={
            "points": 2.5, "vip": False, "joined": "2020-01-01", "note": "plain", "tier": "basic",
        },
        blocked=True,
    )  # fmt: skip
    c = make.contact(ws, name="C")
    return a, b, c


CASES = [
    (("name", "is", "a"), "A"),
    (("name", "is_not", "a"), "BC"),
    (("name", "contains", "b"), "B"),
    (("name", "not_contains", "b"), "AC"),
    (("name", "starts_with", "c"), "C"),
    (("name", "is_empty"), ""),
    (("country", "is", "es"), "A"),
    (("country", "is", "Spain"), "A"),
    (("country", "is_not", "ES"), "BC"),
    (("country", "in", ["ES", "US"]), "AB"),
    (("country", "not_in", ["ES", "US"]), "C"),
    (("country", "is_empty"), "C"),
    (("country", "is_not_empty"), "AB"),
    (("language", "is", "es"), "A"),
    (("timezone", "is", "Europe/Madrid"), "A"),
    (("gender", "is", "male"), "B"),
    (("age", "is", 30), "A"),
    (("age", "is", 29), "B"),
    (("age", "is_not", 30), "BC"),
    (("age", "at_least", 30), "A"),
    (("age", "more_than", 29), "A"),
    (("age", ">", 29), "A"),
    (("age", "at_most", 29), "B"),
    (("age", "less_than", 30), "B"),
    (("age", "between", [29, 30]), "AB"),
    (("age", "less_than", 0), ""),
    (("age", "at_least", 150), ""),
    (("age", "is_empty"), "C"),
    (("birth_date", "after", "1900-01-01"), "AB"),
    (("birth_date", "before", "1900-01-01"), ""),
    (("birth_date", "is_empty"), "C"),
    (("created_at", "within_last", 1), "ABC"),
    (("created_at", "not_within_last", 1), ""),
    (("created_at", "after", "9999-12-31"), ""),
    (("created_at", "before", "9999-12-31"), "ABC"),
    (("created_at", "after", "0001-01-01"), "ABC"),
    (("created_at", "is", "9999-12-31"), ""),
    (("blocked", "is", True), "B"),
    (("blocked", "is", False), "AC"),
    (("attributes.points", "is", 10), "A"),
    (("attributes.points", "is", "10.0"), "A"),
    (("attributes.points", "is_not", 10), "BC"),
    (("attributes.points", "at_least", 2.5), "AB"),
    (("attributes.points", "more_than", 2.5), "A"),
    (("attributes.points", "less_than", 10), "B"),
    (("attributes.points", "at_most", 10), "AB"),
    (("attributes.points", "between", [3, 11]), "A"),
    (("attributes.points", "is_empty"), "C"),
    (("attributes.vip", "is", True), "A"),
    (("attributes.vip", "is", False), "B"),
    (("attributes.vip", "is_empty"), "C"),
    (("attributes.joined", "is", "2024-02-29"), "A"),
    (("attributes.joined", "before", "2024-02-29"), "B"),
    (("attributes.joined", "after", "2020-01-01"), "A"),
    (("attributes.joined", "between", ["2020-01-01", "2024-02-29"]), "AB"),
    (("attributes.joined", "not_within_last", 30), "AB"),
    (("attributes.joined", "within_last", 30), ""),
    (("attributes.note", "is", "PLAIN"), "B"),
    (("attributes.note", "contains", "100%_\\"), "A"),
    (("attributes.note", "contains", "%"), "A"),
    (("attributes.note", "starts_with", "añ"), "A"),
    (("attributes.note", "is_not", "plain"), "AC"),
    (("attributes.note", "not_contains", "ain"), "AC"),
    (("attributes.tier", "is", "gold"), "A"),
    (("attributes.tier", "is_not", "gold"), "BC"),
    (("attributes.tier", "in", ["gold", "basic"]), "AB"),
    (("attributes.tier", "not_in", ["gold"]), "BC"),
    (("address", "has", "phone"), ""),
    (("address", "has_not", "phone"), "ABC"),
]


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=str)
def test_a_condition_selects_whom_it_says(ws, people, condition, expected):
    assert names(ws, when(*condition)) == expected


def test_labels_addresses_and_opt_outs(ws, people):
    a, b, _c = people
    vip = create_label(workspace=ws, member=None, name="VIP")
    a.labels.add(vip)
    make.address(a)
    opt_out(address=make.address(b), medium="sms", source="agent")
    assert names(ws, when("label", "has", vip.pk)) == "A"
    assert names(ws, when("label", "has", "vip")) == "A"
    assert names(ws, when("label", "has_not", "VIP")) == "BC"
    assert names(ws, when("address", "has", "phone")) == "AB"
    assert names(ws, when("address", "has_not", "phone")) == "C"
    assert names(ws, when("opted_out", "has", "sms")) == "B"
    assert names(ws, when("opted_out", "has_not", "sms")) == "AC"


def test_groups_nest(ws, people):
    spanish = when("country", "is", "ES")
    basic = when("attributes.tier", "is", "basic")
    assert names(ws, spanish, basic) == ""
    assert names(ws, spanish, basic, match="any") == "AB"
    group = {"match": "any", "conditions": [spanish, basic]}
    assert names(ws, when("blocked", "is", False), group) == "A"


@pytest.mark.parametrize("everybody", [None, {}, {"conditions": []}, {"match": "any"}])
def test_no_conditions_mean_everybody_of_the_workspace(ws, people, everybody):
    make.contact(make.workspace())
    assert contacts_matching(ws, everybody).count() == 3


def test_values_of_another_type_than_declared_never_match(ws):
    make.contact(
        ws,
        name="W",
        attributes={"points": "many", "vip": "x", "joined": 7, "note": [1], "tier": {}},
    )
    for condition in [
        ("attributes.points", "more_than", 0),
        ("attributes.points", "at_most", 10**6),
        ("attributes.joined", "after", "1900-01-01"),
        ("attributes.note", "contains", "1"),
        ("attributes.vip", "is", True),
        ("attributes.tier", "is", "gold"),
    ]:
        assert names(ws, when(*condition)) == ""


def test_days_are_those_of_the_workspace(ws, people):
    ws.timezone = "Pacific/Auckland"
    ws.save()
    Contact.objects.filter(name="A").update(created_at=datetime(2024, 6, 1, 11, 59, tzinfo=UTC))
    Contact.objects.filter(name="B").update(created_at=datetime(2024, 6, 1, 12, 0, tzinfo=UTC))
    assert names(ws, when("created_at", "is", "2024-06-01")) == "A"
    assert names(ws, when("created_at", "is", "2024-06-02")) == "B"


@pytest.mark.parametrize(
    ("today", "years", "expected"),
    [
        (date(2024, 2, 29), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 4, date(2020, 2, 29)),
        (date(2023, 2, 28), 3, date(2020, 2, 28)),
        (date(2023, 3, 1), 3, date(2020, 3, 1)),
    ],
)
def test_birthdays_of_leap_years(today, years, expected):
    assert _birthday(today, years) == expected


REFUSED = [
    ({"field": "shoe_size", "op": "is", "value": 1}, "field"),
    ({"op": "is", "value": 1}, "field"),
    ({"field": ["name"], "op": "is", "value": 1}, "field"),
    ({"field": "attributes.nope", "op": "is", "value": 1}, "field"),
    ({"field": "attributes__tier", "op": "is", "value": 1}, "field"),
    ({"field": "name__regex", "op": "is", "value": "("}, "field"),
    ({"field": "workspace_id", "op": "is", "value": 1}, "field"),
    ({"field": "name", "op": "regex", "value": "("}, "op"),
    ({"field": "name", "op": None, "value": "a"}, "op"),
    ({"field": "created_at", "op": "is_empty"}, "op"),
    ({"field": "name", "op": "is"}, "value"),
    ({"field": "name", "op": "is", "value": ""}, "value"),
    ({"field": "name", "op": "is", "value": "a\x00"}, "value"),
    ({"field": "name", "op": "is", "value": "\udfff"}, "value"),
    ({"field": "name", "op": "is", "value": {"a": 1}}, "value"),
    ({"field": "name", "op": "is", "value": "x" * 501}, "value"),
    ({"field": "age", "op": "is", "value": "abc"}, "value"),
    ({"field": "age", "op": "is", "value": 151}, "value"),
    ({"field": "age", "op": "is", "value": 1.5}, "value"),
    ({"field": "age", "op": "between", "value": [5]}, "value"),
    ({"field": "age", "op": "between", "value": [9, 5]}, "value"),
    ({"field": "country", "op": "is", "value": "Atlantis"}, "value"),
    ({"field": "country", "op": "in", "value": []}, "value"),
    ({"field": "country", "op": "in", "value": ["ES"] * 251}, "value"),
    ({"field": "birth_date", "op": "before", "value": "soon"}, "value"),
    ({"field": "birth_date", "op": "within_last", "value": 0}, "value"),
    ({"field": "birth_date", "op": "within_last", "value": 10**9}, "value"),
    ({"field": "attributes.points", "op": "is", "value": float("nan")}, "value"),
    ({"field": "attributes.points", "op": "is", "value": float("inf")}, "value"),
    ({"field": "attributes.points", "op": "is", "value": 10**400}, "value"),
    ({"field": "attributes.points", "op": "is", "value": True}, "value"),
    ({"field": "attributes.vip", "op": "is", "value": "maybe"}, "value"),
    ({"field": "label", "op": "has", "value": 999999}, "value"),
    ({"field": "label", "op": "has", "value": True}, "value"),
]


@pytest.mark.parametrize(("condition", "part"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_condition_is_named_by_its_place(ws, condition, part):
    fine = {"field": "name", "op": "is", "value": "x"}
    with pytest.raises(ValidationError) as caught:
        clean_filter(ws, {"conditions": [fine, condition]})
    found = caught.value.message_dict
    assert list(found) == [f"conditions[1].{part}"]
    assert found[f"conditions[1].{part}"][0].startswith("Condition 2: ")


def test_depth_and_size_are_bounded(ws):
    deep: dict[str, Any] = {"field": "name", "op": "is", "value": "x"}
    for _ in range(3):
        deep = {"match": "any", "conditions": [deep]}
    clean_filter(ws, {"conditions": [deep["conditions"][0]]})
    for _ in range(900):
        deep = {"match": "any", "conditions": [deep]}
    with pytest.raises(ValidationError, match="4 deep"):
        clean_filter(ws, deep)
    many = {"conditions": [{"field": "name", "op": "is", "value": "x"}] * 51}
    with pytest.raises(ValidationError, match="At most 50"):
        clean_filter(ws, many)


@pytest.mark.parametrize(
    "shape",
    [
        "x",
        7,
        [],
        True,
        {"match": "none"},
        {"conditions": {}},
        {"conditions": [{"match": "any", "conditions": []}]},
        {"where": "1=1"},
        {"conditions": ["x"]},
    ],
)
def test_a_wrong_shape_is_refused(ws, shape):
    with pytest.raises(ValidationError):
        clean_filter(ws, shape)


def test_cleaning_again_changes_nothing(ws):
    create_label(workspace=ws, member=None, name="VIP")
    raw = {"match": "any", "conditions": [
        {"field": "label", "op": "has", "value": "vip"},
        {"field": "age", "op": ">=", "value": "18"},
        {"match": "all", "conditions": [{"field": "country", "op": "in", "value": ["Spain"]}]},
    ]}  # fmt: skip
    once = clean_filter(ws, raw)
    assert once["conditions"][1] == {"field": "age", "op": "at_least", "value": 18}
    assert once["conditions"][2]["conditions"][0]["value"] == ["ES"]
    assert clean_filter(ws, once) == once


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        [
            "'; DROP TABLE contacts_contact; --",
            "%s",
            "1) OR (1=1",
            "2024-01-01",
            "ES",
            "gold",
            "sms",
        ]
    ),
    st.dates().map(str),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=5,
)
FIELDS = st.one_of(
    st.sampled_from(
        [
            "name",
            "language",
            "country",
            "timezone",
            "gender",
            "age",
            "birth_date",
            "created_at",
            "label",
            "address",
            "opted_out",
            "blocked",
            "attributes.points",
            "attributes.vip",
            "attributes.joined",
            "attributes.note",
            "attributes.tier",
        ]
    ),
    VALUES,
)
OPS = st.one_of(
    st.sampled_from(
        [
            "is",
            "is_not",
            "contains",
            "not_contains",
            "starts_with",
            "is_empty",
            "is_not_empty",
            "at_least",
            "at_most",
            "more_than",
            "less_than",
            "between",
            "before",
            "after",
            "within_last",
            "not_within_last",
            "in",
            "not_in",
            "has",
            "has_not",
            ">",
            "<",
            "=",
            "eq",
            "gte",
        ]
    ),
    VALUES,
)
ENTRIES = st.recursive(
    st.fixed_dictionaries({"field": FIELDS, "op": OPS}, optional={"value": VALUES}) | VALUES,
    lambda inner: st.fixed_dictionaries(
        {"conditions": st.lists(inner, max_size=4)}, optional={"match": st.just("any") | VALUES}
    ),
    max_leaves=8,
)


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raw=st.fixed_dictionaries({"conditions": st.lists(ENTRIES, max_size=4)}) | ENTRIES)
def test_any_filter_either_selects_or_is_refused(ws, people, raw):
    try:
        rows = contacts_matching(ws, raw)
    except ValidationError:
        return
    assert 0 <= rows.count() <= 3
    assert Contact.objects.count() == 3


def test_segments_are_saved_whole_or_not_at_all(ws):
    with pytest.raises(ValidationError) as caught:
        create_segment(
            workspace=ws,
            member=None,
            name=" ",
            filter={"conditions": [{"field": "age", "op": "x"}]},
        )
    assert set(caught.value.message_dict) == {"name", "filter.conditions[0].op"}
    assert not Segment.objects.exists()
    segment = create_segment(workspace=ws, member=None, name="Adults", filter={
        "conditions": [{"field": "age", "op": ">=", "value": 18}]})  # fmt: skip
    assert segment.filter["conditions"][0]["op"] == "at_least"
    with pytest.raises(ValidationError, match="already"):
        create_segment(workspace=ws, member=None, name="ADULTS", filter={})
    update_segment(segment=segment, member=None, name="All", filter={})
    assert contacts_matching(ws, segment.filter).count() == 0
    delete_segment(segment=segment, member=None)
    assert not Segment.objects.exists()
