"""How WeChat says things: callbacks signed and sealed, answers, errors, what it takes."""

import base64
import hashlib
import os
import random
import time
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.chat_network import Posted, chip, opener
from simulator.lines import Line
from simulator.world import Message

Json = dict[str, Any]

EVENTS = ("subscribe", "unsubscribe", "SCAN", "CLICK", "VIEW")
MAX_TEXT = 2048
ERRORS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    41001: "access_token missing",
    43004: "require subscribe",
    45002: "content size out of limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
}
TEMPLATES = [
    {
        "template_id": "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY",
        "title": "Order shipped",
        "primary_industry": "Retail",
        "deputy_industry": "Shops",
        "content": "{{first.DATA}}\nOrder: {{keyword1.DATA}}\nBy: {{keyword2.DATA}}",
        "example": "Your order has left\nOrder: 42\nBy: Post",
    },
    {
        "template_id": "iPk5sOIt5X_flOVKn5GrTFpncEYTojx6ddbt8WYoV5s",
        "title": "Appointment",
        "primary_industry": "Health",
        "deputy_industry": "Clinics",
        "content": "See you on {{date.DATA}} at {{place.DATA}}.",
        "example": "See you on Monday at 10 at Main Street.",
    },
]


class WeChatWords:
    """WeChat's callbacks: XML, its address signed, sealed where the channel has a key."""

    events = EVENTS

    def new_id(self) -> str:
        """A message's id: 17 digits."""
        return str(random.randrange(10**16, 10**17))

    def said(self, line: Line, person: str, message: Message) -> Posted:
        """A message."""
        return posted(line, person, {**_message(message), "MsgId": message.sid})

    def happened(self, line: Line, person: str, kind: str, about: str) -> Posted:
        """A customer follows, leaves, scans or taps the account's menu."""
        return posted(line, person, {"MsgType": "event", "Event": kind, "EventKey": about})


def finished(line: Line, person: str, message_id: str, status: str) -> Posted:
    """What became of a template message."""
    about = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": message_id, "Status": status}
    return posted(line, person, {"MsgType": "event", **about})


def _message(message: Message) -> dict[str, str]:
    if message.location is not None:
        latitude, longitude = map(str, message.location)
        place = {"Location_X": latitude, "Location_Y": longitude, "Scale": "15", "Label": "Here"}
        return {"MsgType": "location", **place}
    if message.media:
        url, content_type = message.media[0]
        family = {"audio": "voice"}.get(
            content_type.partition("/")[0], content_type.partition("/")[0]
        )
        name = url.rpartition("/")[2]
        if family == "image":
            return {"MsgType": "image", "PicUrl": url, "MediaId": name}
        if family in {"video", "voice"}:
            ending = content_type.partition("/")[2]
            return {"MsgType": family, "MediaId": name, "Format": ending}
        return {"MsgType": "file", "Title": name}
    words = {"MsgType": "text", "Content": message.body}
    return words | ({"bizmsgmenuid": message.payload} if message.payload else {})


def posted(line: Line, person: str, fields: dict[str, str]) -> Posted:
    """A callback: where it goes, with its signatures in the address, and its XML."""
    about = {"ToUserName": line.address, "FromUserName": person}
    xml = document(about | {"CreateTime": str(int(time.time()))} | fields)
    stamp, nonce = str(int(time.time())), str(random.randrange(10**9))
    query = {"signature": signature(line.token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
    if line.key:
        code = seal(xml.encode(), line.key, line.account)
        sealed = signature(line.token, stamp, nonce, code)
        query |= {"openid": person, "encrypt_type": "aes", "msg_signature": sealed}
        xml = document({"ToUserName": line.address, "Encrypt": code})
    headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"}
    return Posted(f"{line.webhook_url}?{urlencode(query)}", lambda: (xml.encode(), headers))


def document(fields: dict[str, str]) -> str:
    """Fields as XML."""
    inner = "".join(f"<{name}>{escape(words)}</{name}>" for name, words in fields.items())
    return f"<xml>{inner}</xml>"


def signature(*parts: str) -> str:
    """SHA-1 of the sorted strings."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's way


def seal(xml: bytes, key: str, app_id: str) -> str:
    """XML as WeChat encrypts it."""
    secret = base64.b64decode(f"{key}=")
    padder = PKCS7(256).padder()  # blocks of 32 bytes
    plain = os.urandom(16) + len(xml).to_bytes(4, "big") + xml + app_id.encode()
    padded = padder.update(plain) + padder.finalize()
    writer = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(writer.update(padded) + writer.finalize()).decode()


# --- What the business sends --------------------------------------------------------------------


def drawn(body: Json) -> Json | None:
    """The content as the phone page draws it; None where the words or the file are all."""
    if body["msgtype"] == "msgmenu":
        menu = body["msgmenu"]
        chips = [chip(one["content"], one["id"]) for one in menu["list"]]
        return {"text": menu["head_content"], "suggestions": chips}
    if body["msgtype"] == "news":
        one = body["news"]["articles"][0]
        card: Json = {"title": one["title"], "description": one.get("description", "")}
        if one.get("picurl"):
            card["media"] = {"height": "MEDIUM", "contentInfo": {"fileUrl": one["picurl"]}}
        if one.get("url"):
            card["suggestions"] = [opener(one["title"], one["url"])]
        return {"richCard": {"standaloneCard": {"cardContent": card}}}
    return None


def in_words(body: Json) -> str:
    """The words of a message, for lists."""
    if body["msgtype"] == "text":
        return str(body["text"]["content"])
    if body["msgtype"] == "msgmenu":
        return str(body["msgmenu"]["head_content"])
    return str(body["news"]["articles"][0]["title"]) if body["msgtype"] == "news" else ""


def filled(template: Json, data: Json) -> str:
    """A template's words with its values."""
    words = str(template["content"])
    for name, value in data.items():
        words = words.replace("{{" + name + ".DATA}}", str(value["value"]))
    return words
