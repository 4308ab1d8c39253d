"""WeChat in the product, over real processes: callbacks, answers, menus, files, windows."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from gateway.channels import check_config_with_provider
from gateway.drain import drain
from gateway.errors import SendError
from gateway.media.models import FileState, MessageFile
from gateway.models import Delivery, InboundRequest, SignatureRefusal, Suppression
from gateway.signalling.sending import Wanted
from gateway.signalling.sending import send as send_signal
from gateway.states import State
from simulator.identities import identity
from tests.channels_social.talk import PERSON, PICTURE, Talk, as_base64
from tests.payloads.wechat.exhibit import CONFIG, PLAIN
from tests.processes import until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUSTOMER = identity("wechat", PERSON)
ORDER = "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY"


@pytest.mark.parametrize("config", [CONFIG, PLAIN], ids=["encrypted", "plain"])
def test_a_talk(settings: Any, tmp_path: Path, config: dict[str, str]) -> None:
    with Talk(settings, tmp_path, "wechat", config) as talk:
        assert "gh_7f083739789a" in str(talk.checked)
        with pytest.raises(SendError):
            check_config_with_provider("wechat", config | {"app_secret": "wrong" * 6 + "12"})

        # The customer writes, and is answered with something to tap.
        first = talk.write("你好 <b> 📦")
        [message] = talk.messages()
        assert (message.text, message.external_id) == ("你好 <b> 📦", first)
        assert talk.conversation.address.value == CUSTOMER
        assert "?" not in InboundRequest.objects.get().url
        taps = [{"type": "reply", "text": "是", "payload": "order:42"}]
        talk.answer(content={"text": "42 号?", "suggestions": taps})
        [sent] = talk.sent()
        assert (sent["to"], sent["body"]) == (CUSTOMER, "42 号?")
        assert Delivery.objects.get().external_id == str(Delivery.objects.get().uid)
        chip = sent["content"]["suggestions"][0]["reply"]
        talk.write(chip["text"], payload=chip["postbackData"])
        assert talk.tapped() == ("是", "order:42")

        # A file each way; a video's bytes lie elsewhere.
        talk.write(media=[{"content_type": "image/png", "data": as_base64(PICTURE)}])
        talk.fetch()
        kept = MessageFile.objects.get(message_uid=talk.messages()[-1].uid)
        assert (kept.state, kept.content_type, kept.error) == (FileState.STORED, "image/png", "")
        talk.answer(content={"media": [{"file": talk.upload()}]})
        assert talk.sent()[-1]["media"][0].startswith(f"{talk.simulator}/twilio-cdn/")

        # They see that somebody is writing.
        send_signal(Wanted(str(talk.channel.pk), "typing", CUSTOMER, str(uuid.uuid4())))
        [shown] = talk.ask(f"/signals?to={CUSTOMER}")["signals"]
        assert shown["type"] == "Typing"


def test_windows_templates_and_who_left(settings: Any, tmp_path: Path) -> None:
    with Talk(settings, tmp_path, "wechat", CONFIG) as talk:
        talk.write("Hi")
        for n in range(5):
            talk.answer(text=f"Answer {n}")
        assert len(talk.sent()) == 5
        over = talk.api.post(f"conversations/{talk.conversation.pk}/messages/", {"text": "Six"})
        talk.run_outbox()
        assert len(talk.sent()) == 5, over.content

        # A template goes at any time, and WeChat tells that it arrived.
        synced = talk.api.post(f"channels/{talk.channel.pk}/templates/sync/")
        assert synced.status_code == 200, synced.content
        use = {
            "name": f"Order shipped {ORDER}",
            "language": "zh_CN",
            "text": "Your order has left",
            "body": {"first": "Your order has left", "keyword1": "42", "keyword2": "Post"},
        }
        talk.answer(content={"template": use})
        assert talk.sent()[-1]["body"] == "Your order has left\nOrder: 42\nBy: Post"
        template = Delivery.objects.get(external_id=talk.sent()[-1]["sid"])
        until(lambda: arrived(template) == State.DELIVERED, "no report came in")

        # Writing again opens the window again; who leaves is left alone.
        talk.write("Hello?")
        talk.answer(text="Here I am")
        assert talk.sent()[-1]["body"] == "Here I am"
        talk.write(event="unsubscribe")
        assert Suppression.objects.filter(address=CUSTOMER).exists()
        talk.write(event="subscribe")
        assert not Suppression.objects.filter(address=CUSTOMER).exists()
        talk.write(event="CLICK", message_id="OPENING_HOURS")
        assert talk.tapped() == ("", "OPENING_HOURS")
    assert not SignatureRefusal.objects.exists()


def arrived(delivery: Delivery) -> str:
    drain()
    delivery.refresh_from_db()
    return delivery.state
