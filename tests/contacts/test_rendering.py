"""Variables are filled from a fixed list, and nothing else can be reached."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.attributes import create_definition
from contacts.rendering import MissingValue, check_template, compile_template, render
from tests import builders as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ws():
    ws = make.workspace()
    for key, kind in [
        ("points", "number"),
        ("vip", "boolean"),
        ("since", "date"),
        ("tier", "text"),
    ]:
        create_definition(workspace=ws, member=None, key=key, name=key, type=kind)
    return ws


def test_every_variable_is_said_in_the_contacts_language(ws):
    ana = make.contact(
        ws,
        name="Ana María López",
        language="es",
        country="ES",
        attributes={"points": 12.5, "since": "2024-02-29", "tier": "gold"},
    )
    said = render(
        "{{name}}/{{ first_name }}/{{ country }}/{{ language }}/{{ attributes.points }}/"
        "{{ attributes.since }}/{{ contact.attributes.tier }}",
        ana,
    )
    assert said == "Ana María López/Ana/España/español/12.5/29 de febrero de 2024/gold"


def test_a_fallback_is_said_where_there_is_no_value(ws):
    nobody = make.contact(ws, name=" ")
    assert render("Hello {{ first_name|there }}!", nobody) == "Hello there!"
    assert render("Hello {{ name| }}!", nobody) == "Hello !"
    with pytest.raises(MissingValue, match=r"attributes\.tier"):
        render("{{ attributes.tier }}", nobody)


def test_false_and_zero_are_values(ws):
    someone = make.contact(ws, attributes={"vip": False, "points": 0})
    assert render("{{ attributes.vip|?}} {{ attributes.points|? }}", someone) == "no 0"


def test_values_are_never_read_as_templates(ws):
    sly = make.contact(ws, name="{{ attributes.tier }}{% now 'Y' %}", attributes={"tier": "x"})
    assert render("{{ name }} {% now 'Y' %} { }", sly) == (
        "{{ attributes.tier }}{% now 'Y' %} {% now 'Y' %} { }"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ password }}",
        "{{ name.__class__ }}",
        "{{ attributes }}",
        "{{ attributes.nope }}",
        "{{ attributes.tier.x }}",
        "{{ workspace.pk }}",
        "{{ name|upper|x }}{{ }}",
        "{{ name",
        "name }}",
        "{{ {{ name }} }}",
        "{{ name }}" * 101,
    ],
)
def test_what_is_not_on_the_list_is_refused(ws, text):
    with pytest.raises(ValidationError):
        check_template(ws, text)


def test_another_workspaces_attribute_is_unknown(ws):
    with pytest.raises(ValidationError, match=r"attributes\.tier"):
        check_template(make.workspace(), "{{ attributes.tier }}")


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(alphabet=st.sampled_from("{}|. nameattributes_tier%"), max_size=60) | st.text())
def test_any_text_renders_or_is_refused(ws, text):
    someone = make.contact(ws, name="N")
    try:
        template = compile_template(ws, text)
        template.render(someone)
    except (ValidationError, MissingValue):
        pass
