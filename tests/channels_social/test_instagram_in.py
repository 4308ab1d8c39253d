"""What Meta sends for an Instagram account, file by file, and what it means."""

from typing import Any

import pytest

from channels_social.instagram import Instagram
from gateway.events import (
    Attachment,
    Edited,
    Event,
    InboundMessage,
    Reaction,
    Referred,
    SentElsewhere,
    StatusUpdate,
    UnknownEvent,
    Unsent,
    Window,
    WindowOpened,
)
from gateway.states import State
from tests.channels_social.test_messenger_in import AT, unknown
from tests.payloads.instagram.exhibit import ACCOUNT, CUSTOMER, FOLDER, config
from tests.payloads.messenger.exhibit import payload

adapter = Instagram(config())
ASSET = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id="
SHARED = "https://lookaside.fbsbx.com/"
MEDIA = "17900000000000100"


def said(mid: int | str, text: str = "", **more: Any) -> InboundMessage:
    identity = mid if isinstance(mid, str) else f"aWdfZAG{mid:03d}"
    return InboundMessage(
        external_id=identity, sender=CUSTOMER, recipient=ACCOUNT, text=text, occurred_at=AT, **more
    )


def comment(n: int, text: str, **more: Any) -> InboundMessage:
    found: dict[str, Any] = {"thread": MEDIA, "referred": Referred("post", external_id=MEDIA)}
    return said(
        f"17900000000000{n}",
        text,
        public=True,
        sender_name="ana.r",
        sender_handle="@ana.r",
        **found | more,
    )


def asset(name: str, kind: str) -> dict[str, Any]:
    return {"attachments": (Attachment(ASSET + name, kind),)}


EVENTS: dict[str, list[Event]] = {
    "message_text": [said(1, "Hola ¿hay talla M?")],
    "message_image": [said(2, **asset("1", "image/jpeg"))],
    "message_video": [said(3, **asset("2", "video/mp4"))],
    "message_audio": [said(4, **asset("3", "audio/mp4"))],
    "message_heart": [said(5, "❤️")],
    "message_share": [said(6, referred=Referred("post", f"{SHARED}post/9"))],
    "message_post": [
        said(7, referred=Referred("post", f"{SHARED}post/10", "New in", "18000000000000001"))
    ],
    "message_reel": [
        said(8, referred=Referred("post", f"{SHARED}reel/1", "How to", "18000000000000002"))
    ],
    "message_old_reel": [
        said(9, referred=Referred("post", f"{SHARED}reel/2", "", "18000000000000003"))
    ],
    "story_mention": [said(10, referred=Referred("mention", ASSET + "story"))],
    "story_reply": [
        said(11, "Love it", referred=Referred("story", ASSET + "story2", "", "17900000000000001"))
    ],
    "story_shared": [
        said(12, referred=Referred("story", ASSET + "story3", "", "17900000000000002"))
    ],
    "message_reply": [said(13, "This one", reply_to="aWdfZAG500")],
    "message_quick_reply": [said(14, "Yes", payload="yes")],
    "message_ad": [said(15, "Hi", referred=Referred("ad", "", "Sale", "61"))],
    "message_product": [said(16, "Price?", referred=Referred("product", external_id="991"))],
    "message_unsupported": [said(17, unsupported="unsupported")],
    "message_vanishing": [said(18, unsupported="ephemeral")],
    "message_deleted": [Unsent("aWdfZAG019", CUSTOMER, erase=True, occurred_at=AT)],
    "message_edit": [Edited("aWdfZAG001", CUSTOMER, "Hola, ¿hay talla L?", "2", AT)],
    "postback_icebreaker": [said(30, "Opening hours?", payload="HOURS")],
    "reaction": [Reaction("aWdfZAG001", CUSTOMER, "❤️", AT)],
    "reaction_back": [Reaction("aWdfZAG001", CUSTOMER, "", AT)],
    "read": [StatusUpdate("aWdfZAG500", State.READ, "read", occurred_at=AT)],
    "referral": [
        said(
            "referral:97c0f59acc2f1b31caff89aa14adedf5ef170539",
            referred=Referred("ad", text="bio"),
            automatic=True,
        ),
        WindowOpened(CUSTOMER, Window(86_400), AT),
    ],
    "optin_series": [unknown("optin notification_messages", "type")],
    "echo": [SentElsewhere("aWdfZAG600", CUSTOMER, "From the phone", occurred_at=AT)],
    "echo_share": [SentElsewhere("aWdfZAG601", CUSTOMER, f"{SHARED}post/9", occurred_at=AT)],
    "handover_pass": [unknown("pass_thread_control")],
    "standby": [unknown("standby", "message", "recipient", "sender", "timestamp")],
    "event_new": [unknown("telepathy")],
    "change_message": [said(50, "By Instagram login")],
    "change_postback": [said(51, "Menu", payload="menu")],
    "change_seen": [StatusUpdate("aWdfZAG500", State.READ, "read", occurred_at=AT)],
    "change_reaction": [Reaction("aWdfZAG500", CUSTOMER, "👍", AT)],
    "change_edit": [Edited("aWdfZAG050", CUSTOMER, "By Instagram", "1", AT)],
    "change_standby": [unknown("standby", "message", "recipient", "sender", "timestamp")],
    "change_new": [unknown("story_insights", "media_id")],
    "change_mention": [unknown("mentions", "comment_id", "media_id")],
    "comment": [comment(200, "¿Precio?")],
    "comment_reply": [
        comment(
            201,
            "¿Y en azul?",
            reply_to="17900000000000200",
            referred=Referred("post", "", "Sale", MEDIA),
        )
    ],
    "comment_live": [
        comment(
            202,
            "Hi!",
            thread="17900000000000101",
            referred=Referred("post", external_id="17900000000000101"),
        )
    ],
    "comment_own": [],
    "comment_sample": [unknown("comment of nobody", "id", "text")],
    "another_account": [UnknownEvent("another account", "0")],
}


@pytest.mark.parametrize("name", EVENTS)
def test_means(name: str) -> None:
    assert list(adapter.parse(payload(name, FOLDER))) == EVENTS[name]


def test_no_file_is_forgotten() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == EVENTS.keys()


def test_one_shard_for_an_account() -> None:
    assert {adapter.shard_key(payload(name, FOLDER)) for name in EVENTS} == {ACCOUNT}
