"""What leaves from a sender of a pool, at each kind of channel that has one."""

import json
from dataclasses import replace

import pytest

from channels_sms.http_sms import HttpSms
from channels_sms.smpp import Smpp
from channels_sms.twilio_sms import TwilioSms
from gateway.contract import Adapter, Checked, Response
from gateway.errors import BadCredentials
from gateway.events import OutboundMessage
from tests.gateway.test_conformance import drive
from tests.payloads.http.exhibit import JSON_CONFIG
from tests.payloads.smpp.exhibit import CONFIG as SMPP
from tests.payloads.smpp.exhibit import URL
from tests.payloads.twilio.exhibit import CONFIG as TWILIO
from tests.payloads.twilio.exhibit import NUMBER, SENT_SID, STATUS_URL

POOL = "+34900100200 ES\nSHOP GB"
MESSAGE = OutboundMessage("0" * 32, "+34600123456", "Hi", STATUS_URL)


def said(code: int, **body: object) -> Response:
    return Response(code, {}, json.dumps(body).encode())


@pytest.mark.parametrize("sender", ["", "+34900100200", "SHOP"])
def test_twilio(sender: str) -> None:
    adapter = TwilioSms({**TWILIO, "senders": POOL})
    _sent, [request] = drive(adapter.send(replace(MESSAGE, sender=sender)), said(201, sid=SENT_SID))
    assert dict(request.data or ())["From"] == (sender or NUMBER)


@pytest.mark.parametrize("sender", ["", "+34900100200", "SHOP"])
def test_smpp(sender: str) -> None:
    adapter = Smpp({**SMPP, "senders": POOL}, base_url="http://127.0.0.1:1")
    status_url = f"{URL}?delivery={MESSAGE.uid}"
    message = replace(MESSAGE, sender=sender, status_url=status_url)
    _sent, [request] = drive(adapter.send(message), said(200, id="1"))
    assert request.json.get("from", "") == sender


@pytest.mark.parametrize("sender", ["", "+34900100200", "SHOP"])
def test_http(sender: str) -> None:
    config = {
        **JSON_CONFIG,
        "senders": POOL,
        "body": '{"to": "{{to}}", "text": "{{text}}", "from": "{{from}}", "d": "{{from_digits}}"}',
    }
    adapter = HttpSms(config)
    steps = adapter.send(replace(MESSAGE, sender=sender))
    request = next(steps)
    steps.close()
    used = sender or JSON_CONFIG["from_number"]
    assert (request.json["from"], request.json["d"]) == (used, used.lstrip("+"))


@pytest.mark.parametrize(
    "adapter",
    [TwilioSms(TWILIO), Smpp(SMPP), HttpSms(JSON_CONFIG)],
    ids=lambda adapter: str(adapter.kind),
)
def test_one_sender_alone_is_no_pool(adapter: Adapter) -> None:
    assert adapter.senders() is None


def test_every_number_of_a_pool_is_looked_for_in_the_account() -> None:
    adapter = TwilioSms({**TWILIO, "senders": POOL})
    account = said(200, friendly_name="Shop", status="active")
    here = said(200, incoming_phone_numbers=[{}])
    checked, requests = drive(adapter.check(), account, here, here)
    assert checked == Checked("Shop, active")
    asked = [dict(request.params)["PhoneNumber"] for request in requests[1:]]
    assert asked == ["+34900100200", NUMBER]
    with pytest.raises(BadCredentials, match=r"\+34900100200: "):
        drive(adapter.check(), account, said(200, incoming_phone_numbers=[]))


def test_pictures_go_by_mms_only_where_every_sender_can() -> None:
    own = {**TWILIO, "from_number": "+14155550100"}
    american = TwilioSms({**own, "senders": "+14155550101 US\n+16135550102 CA"})
    mixed = TwilioSms({**own, "senders": POOL})
    assert american.shows("+14155550199").files
    assert not mixed.shows("+14155550199").files
