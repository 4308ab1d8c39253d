"""Templates: whatever a text holds, it stays the value it is."""

import json
import uuid
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL as Url

from channels_sms import http_template as template
from channels_sms.http_sms import HttpSms
from channels_sms.segments import normalized
from gateway import guard, transport
from gateway.contract import Request
from gateway.errors import Rejected
from gateway.events import OutboundMessage
from gateway.sql import storable
from tests.payloads.http.exhibit import HOME, JSON_CONFIG, PLAIN_CONFIG, STATUS_URL

SIGNS = st.sampled_from(list("\"'\\{}[]:,&=+%#?/;\r\n\t\0 <>$|`é€📦\u2028\ud800ab0"))
WORDS = st.sampled_from(["{{key}}", "{{text}}", "{{", "}}", '"}', "%26", "\\u0022", "..", "&to=1"])
TEXTS = st.lists(SIGNS | WORDS | st.text(max_size=5), max_size=30).map("".join)
UID = str(uuid.UUID(int=7))
KEY = "s3cret-key"
JSON = JSON_CONFIG | {
    "key": KEY,
    "body": '{"a": ["{{text}}", {"b": "<{{ text }}>"}], "to": "{{to}}", "n": 1, "key": "{{key}}"}',
}
FORM = PLAIN_CONFIG | {
    "key": KEY,
    "send_url": f"{HOME}/{{{{to}}}}/x?q={{{{text}}}}&k={{{{key}}}}",
    "method": "POST",
    "body_type": "form",
    "body": "text={{text}}\nboth={{to}} {{text}}\nkey={{key}}",
}


def built(config: dict[str, str], text: str, to: str = "+34600123456") -> Request:
    message = OutboundMessage(UID, to, text, STATUS_URL, {"text": text})
    return next(HttpSms(config).send(message))


def body_of(request: Request) -> str:
    letter = transport._letter(request)
    assert letter is not None
    return bytes(letter._value).decode()


@given(TEXTS)
def test_no_text_breaks_out_of_json(text: str) -> None:
    said = storable(normalized(text))
    sent = json.loads(body_of(built(JSON, text)))
    assert sent == {
        "a": [said, {"b": f"<{said}>"}],
        "to": "+34600123456",
        "n": 1,
        "key": KEY,
    }


@given(TEXTS)
def test_no_text_breaks_out_of_a_form_or_a_url(text: str) -> None:
    said, request = storable(normalized(text)), built(FORM, text)
    pairs = parse_qsl(body_of(request), keep_blank_values=True, strict_parsing=True)
    assert pairs == [("text", said), ("both", f"+34600123456 {said}"), ("key", KEY)]
    sent = guard.check_url(request.url).extend_query(list(request.params))
    assert (sent.scheme, sent.host, sent.raw_path) == (
        "https",
        Url(HOME).host,
        "/%2B34600123456/x",
    )
    assert sent.raw_fragment == ""
    found = parse_qsl(urlsplit(str(sent)).query, keep_blank_values=True)
    assert found == [("q", said), ("k", KEY)]


@given(TEXTS.filter(lambda to: storable(to) == to))
def test_no_recipient_breaks_out_of_the_path(to: str) -> None:
    if to in {".", ".."}:
        with pytest.raises(Rejected):
            built(FORM, "x", to)
        return
    request = built(FORM, "x", to)
    sent = guard.check_url(request.url)
    first, *rest = sent.raw_path.strip("/").split("/") if to else ["", "x"]
    assert rest == ["x"]
    assert Url(f"https://h/{first}").path == f"/{to}"
    assert (sent.host, sent.raw_query_string, sent.raw_fragment) == (Url(HOME).host, "", "")


@given(TEXTS)
def test_reading_a_template_never_crashes(text: str) -> None:
    for read in (
        template.read_json,
        template.read_form,
        template.read_headers,
        template.read_url,
    ):
        with suppress(template.InvalidTemplate):
            read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        ("json", '{"to": {{to}}}'),
        ("json", '{"to": "{{nobody}}"}'),
        ("json", '{"to": "{{to"}'),
        ("json", '{"to": "{{to.x}}"}'),
        ("json", '{"{{to}}": 1}'),
        ("json", '"{{text}}"'),
        ("json", '["{{text}}"]'),
        ("json", "[]"),
        ("json", '{"a": NaN}'),
        ("json", "{" * 5000),
        ("form", "text"),
        ("form", "={{text}}"),
        ("form", "{{text}}=1"),
        ("headers", "Authorization"),
        ("headers", "Host: elsewhere.example"),
        ("headers", "Content-Length: 5"),
        ("headers", "X: {{text}}"),
        ("headers", "X: ñ"),
        ("headers", "X Y: 1"),
        ("url", "ftp://x.example/"),
        ("url", "/v1"),
        ("url", "https://"),
        ("url", "https://[x/"),
        ("url", "https://x.example:port/"),
        ("url", "https://{{to}}.example/"),
        ("url", "https://user:pass@x.example/"),
        ("url", "https://x.example/#{{to}}"),
        ("url", "https://x.example/{{text}}"),
        ("url", "https://x.example/../v1"),
        ("url", "https://x.example/?{{to}}=1"),
        ("url", "https://x.example/?a={{nobody}}"),
    ],
)
def test_what_is_no_template(read: str, text: str) -> None:
    reader: Any = getattr(template, f"read_{read}")
    with pytest.raises(template.InvalidTemplate) as raised:
        reader(text)
    assert str(raised.value)


def test_a_filled_value_is_not_filled_again() -> None:
    values = {"text": "{{key}} {{to}}", "key": KEY, "to": "1"}
    assert template.fill("{{text}}|{{ to }}", values) == "{{key}} {{to}}|1"
