"""Viber's chats: what customers write and tap, and what becomes of messages to them."""

from typing import Any

from simulator import viber_words as words
from simulator.bodies import Body
from simulator.bots import BotNetwork
from simulator.lines import Line
from simulator.postman import Letter
from simulator.world import Message, Phone

# What is called ``block`` and ``unblock`` is a subscription there.
SWITCHES = {"block": "unsubscribed", "unblock": "subscribed"}
FAMILIES = {"image": "picture", "video": "video"}


class ViberNetwork(BotNetwork):
    """A message's id is its token. Delivered and seen are reported, each once."""

    provider = "viber"
    longest = words.MAX_TEXT
    events = ("conversation_started", "block", "unblock")

    def new_id(self, phone: Phone) -> str:
        """A message token."""
        return str(next(words.TOKENS))

    def reports(self, message: Message, word: str) -> None:
        """Tell the business that a message was delivered or seen."""
        if not message.callback:
            return
        about = {"message_token": int(message.sid), "user_id": message.to}
        letter = words.letter(words.callback(word, **about), message.token)
        self.carrier.report(message, letter, may_be_overtaken=word == "delivered")

    def letters(self, line: Line, message: Message) -> list[Letter]:
        """A callback for the words, or for each file; then that it was delivered to the bot."""
        said = [self._file(message, one) for one in message.media] or [self._said(message)]
        if message.body and message.media:
            said[0]["text"] = message.body
        tokens = [int(message.sid), *(next(words.TOKENS) for _one in said[1:])]
        return [
            self._letter(line, message, part, token)
            for part, token in zip(said, tokens, strict=True)
        ]

    def _letter(self, line: Line, message: Message, said: dict[str, Any], token: int) -> Letter:
        sender = words.user(self.person(message.phone), message.phone.name)
        about = {"message_token": token, "sender": sender, "message": said, "silent": False}
        return words.letter(words.callback("message", **about), line.token)

    def _said(self, message: Message) -> dict[str, Any]:
        if message.location is not None:
            latitude, longitude = message.location
            return {"type": "location", "location": {"lat": latitude, "lon": longitude}}
        # A tap comes as the words that the button carries.
        return {"type": "text", "text": message.payload or message.body}

    def _file(self, message: Message, file: tuple[str, str]) -> dict[str, Any]:
        url, kind = file
        name = f"{url.rpartition('/')[2][:12]}.{kind.rpartition('/')[2]}"
        family = FAMILIES.get(kind.partition("/")[0], "file")
        return {"type": family, "media": url, "file_name": name}

    def event_letter(self, line: Line, phone: Phone, kind: str, body: Body) -> Letter:
        """A bot that is opened, subscribed to or left."""
        person = words.user(self.person(phone), phone.name)
        if kind == "conversation_started":
            context = body.text("context", default="", limit=512)
            about: dict[str, Any] = {"type": "open", "context": context, "user": person}
            blocked = self.blocked(line, phone)
            found = words.callback(
                kind, subscribed=False if blocked else bool(phone.thread), **about
            )
        elif kind == "unblock":
            found = words.callback(SWITCHES[kind], user=person)
        else:
            found = words.callback(SWITCHES[kind], user_id=person["id"])
        return words.letter(found, line.token)
