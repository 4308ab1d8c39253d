"""Settings of the generic HTTP channel: what is wrong is said at the field where it is."""

import pytest
from django.core.exceptions import ValidationError

from channels_sms.http_sms import HttpSms
from gateway.channels import clean_config
from tests.payloads.http.exhibit import HOME, JSON_CONFIG, PLAIN_CONFIG

LEAST = {
    "send_url": f"{HOME}/send",
    "body": '{"to": "{{to}}", "text": "{{text}}"}',
    "from_number": "ACME",
    "webhook_secret": "12345678",
}


def wrong(config: dict[str, str]) -> set[str]:
    """The fields that are complained about."""
    try:
        clean_config("http_sms", config)
    except ValidationError as error:
        return set(error.message_dict)
    return set()


@pytest.mark.parametrize("config", [LEAST, JSON_CONFIG, PLAIN_CONFIG])
def test_these_are_right(config: dict[str, str]) -> None:
    assert wrong(config) == set()


def test_what_is_left_empty_has_its_default() -> None:
    config = clean_config("http_sms", LEAST | {"method": "", "status_words": " \n"})
    assert (config["method"], config["body_type"], config["accepted"]) == ("POST", "json", "2xx")
    assert (config["signature"], config["max_text"]) == ("hmac_sha256_hex", "1600")
    assert "undelivered = failed" in config["status_words"]
    assert HttpSms.channel_address(config) == "ACME"


def test_lines_of_a_form_end_as_ours_do() -> None:
    config = clean_config("http_sms", LEAST | {"error_codes": "1 = rejected\r\n2 = throttled\r\n"})
    assert config["error_codes"] == "1 = rejected\n2 = throttled"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"send_url": ""}, {"send_url"}),
        ({"webhook_secret": ""}, {"webhook_secret"}),
        ({"webhook_secret": "1234567"}, {"webhook_secret"}),
        ({"webhook_secret": "1234 5678"}, {"webhook_secret"}),
        ({"from_number": ""}, {"from_number"}),
        ({"from_number": "far too long a name"}, {"from_number"}),
        ({"from_number": "+1"}, {"from_number"}),
        ({"method": "DELETE"}, {"method"}),
        ({"method": 5}, {"method"}),
        ({"body_type": "xml"}, {"body_type"}),
        ({"body": ""}, {"body"}),
        ({"body": "{"}, {"body"}),
        ({"body": '{"to": "{{to}}"}'}, {"body"}),
        ({"body": '{"text": "{{text}}"}'}, {"body"}),
        ({"body_type": "form"}, {"body"}),
        ({"method": "GET"}, {"body"}),
        ({"method": "GET", "body": ""}, {"send_url"}),
        ({"headers": "Host: x"}, {"headers"}),
        ({"headers": "A: {{key}}"}, {"key"}),
        ({"basic_user": "acme"}, {"key"}),
        ({"basic_user": "a:b"}, {"basic_user"}),
        ({"key": "two\nlines"}, {"key"}),
        ({"max_text": "0"}, {"max_text"}),
        ({"max_text": "12345"}, {"max_text"}),
        ({"idempotent": "yes"}, {"idempotent"}),
        ({"accepted": "ok"}, {"accepted"}),
        ({"accepted": "600"}, {"accepted"}),
        ({"id_path": "a b"}, {"id_path"}),
        ({"id_path": "a..b"}, {"id_path"}),
        ({"error_codes": "1610"}, {"error_codes"}),
        ({"error_codes": "1610 = gone"}, {"error_codes"}),
        ({"status_words": "done = finished"}, {"status_words"}),
        ({"signature": "md5"}, {"signature"}),
        ({"signature": "basic"}, {"signature_name"}),
        ({"in_sender": "from"}, {"in_text", "in_id"}),
        ({"in_text": "text"}, {"in_sender"}),
        ({"in_sender": "from", "in_text": "text"}, {"in_id"}),
        ({"status_field": "status"}, {"status_id"}),
        ({"country": "es"}, {"country"}),
        ({"check_url": f"{HOME}/?to={{{{to}}}}"}, {"check_url"}),
        ({"check_url": f"{HOME}/{{{{id}}}}"}, {"check_url"}),
        ({"base_url": "https://evil.example"}, {"base_url"}),
        ({"body": "x" * 8001}, {"body"}),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, str], fields: set[str]) -> None:
    assert wrong(LEAST | change) == fields


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://10.0.0.1/{{to}}",
        "ftp://provider.example/",
        "provider.example",
        "javascript:alert(1)",
        "https://user:pass@provider.example/",
        "https://{{to}}.provider.example/",
        "https://[x",
        "https://provider.example:port/",
    ],
)
@pytest.mark.parametrize("field", ["send_url", "check_url"])
def test_addresses_that_cannot_be_called(field: str, url: str, settings: object) -> None:
    assert wrong(LEAST | {field: url}) == {field}


def test_production_takes_https_only(settings: object) -> None:
    settings.DEBUG, settings.SIMULATOR_URL = False, ""  # type: ignore[attr-defined]
    assert wrong(LEAST | {"send_url": "http://provider.example/"}) == {"send_url"}
    assert wrong(LEAST) == set()
