"""Twilio's signature: the published vectors, and agreement with Twilio's own package."""

import hashlib
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels_sms.twilio_signature import sign, verify
from gateway.contract import WebhookRequest
from gateway.errors import BadSignature, Malformed
from tests.payloads.twilio import exhibit

FORM, JSON = exhibit.FORM, exhibit.JSON
VOICE_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
VOICE = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
SMS_URL = "https://msg.example.com/hooks/twilio/sms/"
SMS = [
    ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
    ("From", "+14155550100"),
    ("To", "+14155550199"),
    ("Body", "Hello & ünïcode"),
    ("NumMedia", "0"),
]
BODY = b'{"property": "value", "boolean": true}'
BODY_SHA256 = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_URL = f"{VOICE_URL}&bodySHA256={BODY_SHA256}"
JSON_SIGNATURE = "a9nBmqA0ju/hNViExpshrM61xv4="


def request(
    url: str, body: bytes, signature: str, kind: str = FORM, **headers: str
) -> WebhookRequest:
    bare = exhibit.request(body, url=url, content_type=kind)
    return replace(bare, headers={**bare.headers, "x-twilio-signature": signature, **headers})


def form(fields: list[tuple[str, str]]) -> bytes:
    return urlencode(fields).encode()


def accepted(signed: WebhookRequest, *tokens: str) -> bool:
    try:
        verify(signed, tokens or ("12345",))
    except (BadSignature, Malformed):
        return False
    return True


# --- Vectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "fields", "algorithm", "signature"),
    [
        (VOICE_URL, VOICE, "sha1", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (SMS_URL, SMS, "sha1", "BgEV9zqtOkqVnkLK7AEtRCgNVsc="),
        (SMS_URL, SMS, "sha256", "+CymfKsEZSQ2Mss36KV0Qmf2BfCVn7LU1Yrxo1ZzGNw="),
        (JSON_URL, [], "sha1", JSON_SIGNATURE),
    ],
)
def test_vectors(url: str, fields: list[tuple[str, str]], algorithm: str, signature: str) -> None:
    assert sign("12345", url, fields, algorithm=algorithm) == signature


def test_form_vectors_are_accepted() -> None:
    verify(request(VOICE_URL, form(VOICE), "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ["12345"])
    verify(request(SMS_URL, form(SMS), "BgEV9zqtOkqVnkLK7AEtRCgNVsc="), ["12345"])


def test_json_vector_is_accepted_and_its_body_counts() -> None:
    assert hashlib.sha256(BODY).hexdigest() == BODY_SHA256
    verify(request(JSON_URL, BODY, JSON_SIGNATURE, JSON), ["12345"])
    with pytest.raises(BadSignature, match="hash"):
        verify(request(JSON_URL, BODY + b" ", JSON_SIGNATURE, JSON), ["12345"])


# --- Rules --------------------------------------------------------------------------------------


def test_the_order_of_fields_does_not_matter_but_case_does() -> None:
    signature = sign("12345", SMS_URL, SMS)
    assert accepted(request(SMS_URL, form(SMS[::-1]), signature))
    lower = [(name.lower(), value) for name, value in SMS]
    assert not accepted(request(SMS_URL, form(lower), signature))


def test_repeated_fields_count_once_per_value_in_sorted_order() -> None:
    fields = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b"), ("Empty", "")]
    signature = sign("12345", SMS_URL, [("Empty", ""), ("MediaUrl", "a"), ("MediaUrl", "b")])
    assert accepted(request(SMS_URL, form(fields), signature))


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://h.example/x?a=1", "https://h.example:443/x?a=1"),
        ("https://h.example:443/x?a=1", "https://h.example/x?a=1"),
        ("http://h.example:80/x", "http://h.example/x"),
        ("https://h.example:8443/x", "https://h.example:8443/x"),
        ("https://h.example/x", "https://h.example:8443/x"),
        ("http://[::1]/x", "http://[::1]:8000/x"),
    ],
)
def test_with_and_without_port(signed: str, called: str) -> None:
    assert accepted(request(called, form(SMS), sign("12345", signed, SMS)))


@pytest.mark.parametrize(
    "url",
    [
        "https://msg.example.com/hooks/twilio/sms",
        "http://msg.example.com/hooks/twilio/sms/",
        "https://msg.example.com/hooks/twilio/sms/?",
        "https://msg.example.com/hooks/twilio/sms/?a=1",
        "https://other.example.com/hooks/twilio/sms/",
        "https://msg.example.com:444/hooks/twilio/sms//",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    assert not accepted(request(url, form(SMS), sign("12345", SMS_URL, SMS)))


def test_two_tokens_during_a_rotation() -> None:
    signed = request(SMS_URL, form(SMS), sign("new", SMS_URL, SMS))
    assert accepted(signed, "old", "new")
    assert not accepted(signed, "old")


def test_an_empty_token_signs_nothing() -> None:
    assert not accepted(request(SMS_URL, form(SMS), sign("", SMS_URL, SMS)), "")


@pytest.mark.parametrize("signature", ["", " ", "é", "x" * 10_000, "\x00"])
def test_odd_signatures_are_refused(signature: str) -> None:
    assert not accepted(request(SMS_URL, form(SMS), signature))


@pytest.mark.parametrize("algorithm", ["HMAC_SHA256", "HMAC_SHA1", "HMAC_MD5", "none"])
def test_who_calls_cannot_choose_the_algorithm(algorithm: str) -> None:
    signature = sign("12345", SMS_URL, SMS, algorithm="sha256")
    named = {"x-twilio-webhooks-signature-settings": f"key=k1,algorithm={algorithm}"}
    assert not accepted(request(SMS_URL, form(SMS), signature, **named))
    assert not accepted(request(SMS_URL, form(SMS), signature))


def test_json_without_a_signed_hash_is_refused() -> None:
    assert not accepted(request(VOICE_URL, BODY, sign("12345", VOICE_URL), JSON))


def test_a_json_signature_does_not_carry_a_form() -> None:
    assert not accepted(request(JSON_URL, form(SMS), JSON_SIGNATURE, FORM))


def test_a_body_nobody_could_sign_is_malformed_only_to_who_knows_the_token() -> None:
    body = b"\xff\xfe no form"
    with pytest.raises(Malformed):
        verify(request(SMS_URL, body, sign("12345", SMS_URL)), ["12345"])
    with pytest.raises(Malformed):
        verify(request(SMS_URL, b"text", sign("12345", SMS_URL), "text/plain"), ["12345"])
    with pytest.raises(BadSignature):
        verify(request(SMS_URL, body, sign("wrong", SMS_URL)), ["12345"])


# --- Agreement with Twilio's package ------------------------------------------------------------

# Twilio's validator reads URLs and forms its own way; what no web server hands on is left out.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(["Body", "From", "To", "MediaUrl", "body", "Ünï"]) | text.filter(bool)
forms = st.lists(st.tuples(names, text), min_size=1, max_size=8)
hosts = st.sampled_from(["h.example", "127.0.0.1", "a-b.example.org"])
ports = st.sampled_from(["", ":80", ":443", ":8000"])
paths = st.sampled_from(["/", "/webhooks/9b2f7c1e/", "/a%20b/ü"])
queries = st.sampled_from(["", "?delivery=1", "?a=&b=%C3%BC&b=2"])
urls = st.builds(
    "{}://{}{}{}{}".format, st.sampled_from(["http", "https"]), hosts, ports, paths, queries
)
damage = st.sampled_from(["none", "none", "body", "url", "token", "signature"])


@settings(max_examples=1000, deadline=None)
@given(url=urls, fields=forms, signed_url=urls | st.none(), damaged=damage)
def test_agrees_with_twilios_validator_on_forms(
    url: str, fields: list[tuple[str, str]], signed_url: str | None, damaged: str
) -> None:
    body = form(fields)
    given_fields = exhibit.Fields(body)
    token = "other" if damaged == "token" else "12345"
    signature = RequestValidator(token).compute_signature(signed_url or url, given_fields)
    if damaged == "body":
        body += b"&Added=1"
    if damaged == "url":
        url += "x"
    if damaged == "signature":
        signature = signature.swapcase()
    theirs = RequestValidator("12345").validate(url, exhibit.Fields(body), signature)
    assert accepted(request(url, body, signature)) == theirs
    if signed_url is None and damaged == "none":
        assert theirs
    if damaged in {"body", "token"}:
        assert not theirs


@settings(max_examples=200, deadline=None)
@given(url=urls, body=st.text(st.characters(exclude_categories=["Cs"])), changed=st.booleans())
def test_agrees_with_twilios_validator_on_json(url: str, body: str, changed: bool) -> None:
    digest = hashlib.sha256(body.encode()).hexdigest()
    url += f"{'&' if '?' in url else '?'}bodySHA256={digest}"
    signature = RequestValidator("12345").compute_signature(url, {})
    body += " " if changed else ""
    assert RequestValidator("12345").validate(url, body, signature) is not changed
    assert accepted(request(url, body.encode(), signature, JSON)) is not changed
