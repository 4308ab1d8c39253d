"""Telegram's keyboards: what can be tapped below a message, and what a tap brings back.

A button carries at most 64 bytes (``callback_data``). What is longer stays with us: the button
carries its place, its label comes back with the message below which it stood, and the label tells
which of our suggestions it was. Source: providers.md section 9.
"""

import re
from collections.abc import Iterable, Sequence

from channels_social.json_values import Json, rows, text
from gateway.content.adapting import map_link
from gateway.content.model import (
    AskLocation,
    Location,
    Menu,
    OpenUrl,
    Reply,
    Row,
    ShowLocation,
    Suggestion,
)

DATA_BYTES = 64
# A place on the keyboard, from 0.
PLACE = re.compile(r"#\d{1,3}")
# So many characters and buttons stand well side by side on a phone.
LINE, SIDE_BY_SIDE = 24, 3


def markup(suggestions: Sequence[Suggestion], menu: Menu | None) -> Json | None:
    """The ``reply_markup`` of a message; None for one without anything to tap.

    A message has one kind of keyboard. Where it asks for the place, which only buttons in place of
    the letters can do, the other answers stand there as well, and come back as words.
    """
    if any(isinstance(one, AskLocation) for one in suggestions):
        keys = [[_key(one)] for one in suggestions if isinstance(one, AskLocation | Reply)]
        return {"keyboard": keys, "one_time_keyboard": True, "resize_keyboard": True}
    if menu is not None:
        listed = [_button(place, row) for place, row in enumerate(menu.rows)]
        below = [_button(place, one) for place, one in enumerate(suggestions, len(listed))]
        return {"inline_keyboard": [*([one] for one in listed), *_lines(below)]}
    buttons = [_button(place, one) for place, one in enumerate(suggestions)]
    return {"inline_keyboard": _lines(buttons)} if buttons else None


def left_out(suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """What a keyboard that asks for the place has no room for, to be said in words."""
    if not any(isinstance(one, AskLocation) for one in suggestions):
        return []
    return [one for one in suggestions if not isinstance(one, AskLocation | Reply)]


def _key(one: AskLocation | Reply) -> Json:
    asks = {"request_location": True} if isinstance(one, AskLocation) else {}
    return {"text": one.text} | asks


def _button(place: int, one: Suggestion | Row) -> Json:
    match one:
        case OpenUrl(words, url):
            return {"text": words, "url": url}
        case ShowLocation(words, latitude, longitude, label):
            return {"text": words, "url": map_link(Location(latitude, longitude, label))}
        case Reply(words, payload) | Row(words, payload):
            return {"text": words, "callback_data": _data(place, payload or words)}
    raise TypeError(f"Telegram has no button for {type(one).__name__}.")


def _data(place: int, payload: str) -> str:
    fits = len(payload.encode()) <= DATA_BYTES and not PLACE.fullmatch(payload)
    return payload if fits else f"#{place}"


def _lines(buttons: Iterable[Json]) -> list[list[Json]]:
    """Short ones side by side."""
    lines: list[list[Json]] = []
    for one in buttons:
        last = lines[-1] if lines else []
        long = sum(len(button["text"]) for button in (*last, one)) > LINE
        if not last or long or len(last) == SIDE_BY_SIDE:
            lines.append([one])
        else:
            last.append(one)
    return lines


# --- What comes back ----------------------------------------------------------------------------


def payload_of(data: str) -> str | None:
    """What a tapped button carries; None where that stayed with us."""
    return None if PLACE.fullmatch(data) else data


def label_of(data: str, keyboard: Json) -> str:
    """The label of a tapped button, as it stands on the message's keyboard.

    What it carries where the keyboard is gone (Telegram forgets that of old messages).
    """
    lines = keyboard.get("inline_keyboard")
    buttons = (
        [one for line in lines if isinstance(line, list) for one in line]
        if isinstance(lines, list)
        else []
    )
    for one in rows({"buttons": buttons}, "buttons"):
        if text(one, "callback_data") == data:
            return text(one, "text")
    return data if payload_of(data) is not None else ""
