"""Telegram's chats: what customers write, tap, change and think of it."""

import itertools
import time
from typing import Any

from simulator import telegram_words as words
from simulator.bodies import Body
from simulator.bots import BotNetwork
from simulator.carrier import Carrier
from simulator.lines import Line
from simulator.postman import Letter
from simulator.world import Message, Phone

LOOKED_AT = 200


class TelegramNetwork(BotNetwork):
    """A message's id is ``<chat>:<number>``. Nothing is reported of messages to customers."""

    provider = "telegram"
    longest = words.MAX_TEXT
    events = ("contact", "edit", "react", "block", "unblock")

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(carrier)
        # Above those of earlier runs, whose messages the product remembers.
        began = int((time.time() - 1_700_000_000) * 10)
        self.numbers, self.updates = itertools.count(began), itertools.count(began)

    def new_id(self, phone: Phone) -> str:
        """As Telegram's: counted, and only together with the chat an id."""
        return f"{self.person(phone)}:{next(self.numbers)}"

    def reports(self, message: Message, word: str) -> None:
        """Telegram tells of nothing that happens to a message."""

    # --- What customers do ----------------------------------------------------------------------

    def letters(self, line: Line, message: Message) -> list[Letter]:
        """A tap, a place, words, or an update for each file."""
        if message.payload is not None:
            return [self._letter(line, callback_query=self._tap(message))]
        if len(message.media) < 2:
            return [self._letter(line, message=self._written(message, **self._said(message)))]
        album = {"media_group_id": str(next(self.updates))}
        parts = [self._file(one) for one in message.media]
        parts[0] |= {"caption": message.body} if message.body else {}
        first = words.message_number(message)
        numbers = [first, *(next(self.numbers) for _part in parts[1:])]
        return [
            self._letter(line, message=self._written(message, number, **part, **album))
            for number, part in zip(numbers, parts, strict=True)
        ]

    def event_letter(self, line: Line, phone: Phone, kind: str, body: Body) -> Letter:
        """A card, a change, a reaction, or the bot blocked and let in again."""
        person, name = self.person(phone), phone.name
        if kind == "contact":
            own = {"phone_number": phone.number.lstrip("+"), "user_id": int(person)}
            card = own | {"first_name": name or "Somebody"}
            number = next(self.numbers)
            sent = words.message(number, person, name, time.time(), contact=card)
            return self._letter(line, message=sent)
        if kind in ("block", "unblock"):
            old, new = ("member", "kicked") if kind == "block" else ("kicked", "member")
            return self._letter(line, my_chat_member=words.member(person, name, old, new))
        number = _number(body)
        if kind == "react":
            emoji = body.text("emoji", default="", limit=32)
            return self._letter(line, message_reaction=words.reaction(number, person, name, emoji))
        text = body.text("text", limit=words.MAX_TEXT)
        known = self.world.by_sid.get(f"{person}:{number}")
        if known is not None:
            known.body = text
            self.world.show(known)
        at = known.at if known else time.time()
        changed = words.message(number, person, name, at, text=text, edit_date=int(time.time()))
        return self._letter(line, edited_message=changed)

    def _letter(self, line: Line, **update: Any) -> Letter:
        return words.letter({"update_id": next(self.updates), **update}, line.token)

    def _written(self, message: Message, number: int = 0, **said: Any) -> dict[str, Any]:
        phone = message.phone
        number = number or words.message_number(message)
        return words.message(number, self.person(phone), phone.name, message.at, **said)

    def _said(self, message: Message) -> dict[str, Any]:
        if message.location is not None:
            latitude, longitude = message.location
            return {"location": {"latitude": latitude, "longitude": longitude}}
        if message.media:
            caption = {"caption": message.body} if message.body else {}
            return self._file(message.media[0]) | caption
        return {"text": message.body}

    def _file(self, file: tuple[str, str]) -> dict[str, Any]:
        url, kind = file
        kept = self.carrier.media.files.get(url.rpartition("/")[2])
        return words.file(url.rpartition("/")[2], kind, len(kept.data) if kept else 0)

    def _tap(self, message: Message) -> dict[str, Any]:
        """A tap on the newest message with such a button."""
        person, name = self.person(message.phone), message.phone.name
        below = next(filter(None, (_with(one, message) for one in self._newest(message))), None)
        return {
            "id": f"{message.phone.number}{words.message_number(message)}".lstrip("+"),
            "from": words.user(person, name),
            "chat_instance": person,
            "data": message.payload,
            **({"message": below} if below else {}),
        }

    def _newest(self, message: Message) -> list[Message]:
        return list(itertools.islice(reversed(message.phone.thread), LOOKED_AT))


def _with(one: Message, tap: Message) -> dict[str, Any] | None:
    """A message of ours as Telegram repeats it, if the tapped button stands below it."""
    sent = (one.content or {}).get("sent", {}) if one.provider == tap.provider else {}
    markup = sent.get("reply_markup") or {}
    buttons = [button for line in markup.get("inline_keyboard", []) for button in line]
    if one.line != tap.line or tap.payload not in [one.get("callback_data") for one in buttons]:
        return None
    return {
        "message_id": words.message_number(one),
        "chat": {"id": int(one.to), "type": "private"},
        "date": int(one.at),
        "text": one.body,
        "reply_markup": markup,
    }


def _number(body: Body) -> int:
    """The number in ``message_id``, with or without the chat before it."""
    number = body.text("message_id", limit=64).rpartition(":")[2]
    if not number.isdecimal():
        body.errors.setdefault("message_id", "The id of a message is expected here.")
        return 0
    return int(number)
