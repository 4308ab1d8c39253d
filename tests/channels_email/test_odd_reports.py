"""Providers' reports that are broken anywhere: nothing raises but Malformed."""

import json
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_email import sns
from gateway.contract import WebhookRequest
from gateway.errors import Malformed
from tests.channels_email.test_esp_in import CERTIFICATE, KEY, adapter, posted
from tests.channels_social.test_odd_payloads import check, damaged
from tests.payloads.email.exhibit import FOLDER

PREFIXES = {
    "mailgun": "mailgun_",
    "postmark": "postmark_",
    "amazon_ses": "ses_",
    "brevo": "brevo_",
}


@cache
def names(sending: str) -> list[str]:
    """The provider's payload files, without what all of them begin with."""
    prefix = PREFIXES[sending]
    return [path.stem.removeprefix(prefix) for path in sorted(FOLDER.glob(f"{prefix}*.json"))]


def holding(request: WebhookRequest, sending: str) -> tuple[dict[str, object], str]:
    """What a request says, and the field that it is wrapped in (Amazon's is a text in JSON)."""
    said = json.loads(request.body)
    return (json.loads(said["Message"]), "Message") if sending == "amazon_ses" else (said, "")


@pytest.mark.parametrize("sending", PREFIXES)
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_broken_raises_nothing_else(sending: str, data: st.DataObject) -> None:
    sns.remember(CERTIFICATE, KEY.public_key())
    whole = posted(sending, data.draw(st.sampled_from(names(sending))))
    said, wrapped = holding(whole, sending)
    odd = data.draw(damaged(said))
    body = {**json.loads(whole.body), wrapped: json.dumps(odd)} if wrapped else odd
    request, channel = replace(whole, body=json.dumps(body).encode()), adapter(sending)
    try:
        channel.shard_key(request)
        events = channel.parse(request)
    except Malformed:
        return
    for event in events:
        check(event)
