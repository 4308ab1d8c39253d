"""Which chat and which question a post belongs to. Pure: rows in, a row out."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import regex

from gateway.events import InboundMessage
from hashtags.models import HashtagChat, HashtagQuestion, QuestionState

# Letters, digits and underscores of all languages, and not digits alone.
HASHTAG = regex.compile(r"(?=.*[\p{L}\p{M}])[\p{L}\p{M}\p{N}_]{1,100}")
IN_TEXT = regex.compile(r"(?<![\p{L}\p{M}\p{N}_&/])[#＃]([\p{L}\p{M}\p{N}_]{1,100})")
# "A3", "A3:", "R3)" (respuesta); people and hashtags may stand before.
LABEL = re.compile(r"(?:[@#＃]\w+[\s:,]+)*[AR](\d{1,2})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a post belongs; no question: none had been asked."""

    chat: HashtagChat
    question: HashtagQuestion | None


def folded(hashtag: str) -> str:
    """A hashtag as it is compared: X takes capitals and small letters for the same."""
    return unicodedata.normalize("NFC", hashtag.strip().lstrip("#＃")).lower()


def tags_in(text: str) -> set[str]:
    """The hashtags in a text, folded."""
    return {folded(found) for found in IN_TEXT.findall(unicodedata.normalize("NFC", text))}


def tagged(text: str, hashtag: str) -> str:
    """The text with the hashtag; at its end where it has none."""
    return text if folded(hashtag) in tags_in(text) else f"{text} #{hashtag}".strip()


def place(
    post: InboundMessage,
    at: datetime,
    chats: Sequence[tuple[HashtagChat, Sequence[HashtagQuestion]]],
    tag: str = "",
) -> Placed | None:
    """The chat of one channel that a post of that time belongs to; None: none of them.

    Below a question it belongs to that, whatever it says; otherwise it has the chat's hashtag
    (``tag``: it was found by that one) and falls into its time. Of two chats with the same one,
    the later.
    """
    for chat, questions in chats:
        asked = {row.post_id: row for row in questions if row.post_id}
        below = asked.get(post.reply_to) or asked.get(post.thread)
        if below is not None:
            return Placed(chat, below)
    tags = tags_in(post.text) | ({tag} if tag else set())
    fitting = [
        (chat, questions)
        for chat, questions in chats
        if chat.tag in tags and chat.gathers_from <= at < chat.gathers_until
    ]
    if not fitting:
        return None
    chat, questions = max(fitting, key=lambda one: one[0].starts_at)
    return Placed(chat, question_of(post.text, at, questions))


def question_of(
    text: str, at: datetime, questions: Sequence[HashtagQuestion]
) -> HashtagQuestion | None:
    """By the number it begins with, else the last one that had been asked."""
    label = LABEL.match(text.strip())
    if label:
        number = int(label[1])
        named = next((row for row in questions if row.position == number), None)
        if named is not None:
            return named
    asked = [
        row
        for row in questions
        if row.state == QuestionState.ASKED and row.asked_at and row.asked_at <= at
    ]
    return max(asked, key=lambda row: (row.asked_at, row.position), default=None)
