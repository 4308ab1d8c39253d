"""How long a message is worth delivering, and what each provider is told of it."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from channels_sms.http_sms import HttpSms
from channels_sms.smpp import Smpp
from channels_sms.smpp_bridge import pdus
from channels_sms.twilio_sms import TwilioSms
from channels_sms.validity import seconds
from gateway.channels import clean_config
from gateway.contract import Request
from gateway.events import OutboundMessage
from tests.payloads.http.exhibit import JSON_CONFIG
from tests.payloads.smpp.exhibit import CONFIG as SMPP_CONFIG
from tests.payloads.twilio.exhibit import CONFIG, STATUS_URL

MESSAGE = OutboundMessage("0" * 32, "+34600123456", "Code 1234", STATUS_URL)


def asked(adapter: Any, lifetime_s: int | None) -> Request:
    request: Request = next(adapter.send(replace(MESSAGE, lifetime_s=lifetime_s)))
    return request


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("10m", 600), ("10 min", 600), ("4h", 14_400), ("", None)],
)
def test_the_setting_in_seconds(text: str, expected: int | None) -> None:
    assert seconds({"validity": text}) == expected


@pytest.mark.parametrize(
    ("kind", "config", "value"),
    [
        ("twilio_sms", CONFIG, "5s"),
        ("twilio_sms", CONFIG, "11h"),
        ("twilio_sms", CONFIG, "a day"),
        ("twilio_sms", CONFIG, "-5m"),
        ("smpp", SMPP_CONFIG, "169h"),
        ("http_sms", JSON_CONFIG, "0h"),
    ],
)
def test_what_no_provider_takes_is_refused(kind: str, config: dict[str, str], value: str) -> None:
    with pytest.raises(ValidationError) as raised:
        clean_config(kind, config | {"validity": value})
    assert list(raised.value.message_dict) == ["validity"]


@pytest.mark.parametrize(
    ("setting", "lifetime_s", "expected"),
    [
        ("", None, None),
        ("", 300, "300"),
        ("10m", None, "600"),
        ("10m", 300, "300"),
        ("10m", 900, "600"),
        ("", 100_000, "36000"),
    ],
)
def test_twilio_is_told_the_sooner_end(
    setting: str, lifetime_s: int | None, expected: str | None
) -> None:
    request = asked(TwilioSms(CONFIG | {"validity": setting}), lifetime_s)
    assert dict(request.data or ()).get("ValidityPeriod") == expected


def test_the_bridge_is_told_and_writes_it_as_smpp_does() -> None:
    channel = Smpp(SMPP_CONFIG | {"validity": "48h"})
    assert asked(channel, None).json["validity_s"] == 172_800
    assert asked(channel, 60).json["validity_s"] == 60
    assert "validity_s" not in asked(Smpp(SMPP_CONFIG), None).json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "000000000001000R"),
        (3_661, "000000010101000R"),
        (7 * 86_400, "000007000000000R"),
    ],
)
def test_relative_times(value: int, expected: str) -> None:
    assert pdus.relative_time(value) == expected


BODY = '{"to": "{{to}}", "text": "{{text}}", "options": {"ttl": "{{validity}}", "a": "b"}}'


def test_a_template_says_it_where_there_is_an_end() -> None:
    channel = HttpSms(JSON_CONFIG | {"body": BODY})
    assert asked(channel, 90).json["options"] == {"ttl": "90", "a": "b"}
    assert asked(channel, None).json["options"] == {"a": "b"}
    form = {"body_type": "form", "body": "to={{to}}\ntext={{text}}\nttl={{validity}}"}
    assert ("ttl", "600") in (
        asked(HttpSms(JSON_CONFIG | form | {"validity": "10m"}), None).data or ()
    )
    assert dict(asked(HttpSms(JSON_CONFIG | form), None).data or ()).keys() == {"to", "text"}


def test_the_path_never_holds_it() -> None:
    with pytest.raises(ValidationError) as raised:
        clean_config(
            "http_sms",
            JSON_CONFIG | {"send_url": "https://provider.invalid/{{validity}}/send"},
        )
    assert "{{validity}} may not stand here." in raised.value.message_dict["send_url"]
