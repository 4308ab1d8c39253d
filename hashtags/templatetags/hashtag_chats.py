"""What the pages of hashtag chats say of a row."""

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _

from hashtags.kinds import post_url
from hashtags.models import HashtagChat, HashtagQuestion, Phase, QuestionState

register = template.Library()

TONES: dict[str, str] = {
    Phase.RUNNING: "success",
    Phase.COMING: "accent",
    Phase.CANCELLED: "danger",
    QuestionState.ASKED: "success",
    QuestionState.LEAVING: "accent",
    QuestionState.FAILED: "danger",
    QuestionState.MISSED: "warning",
    QuestionState.UNKNOWN: "warning",
}


@register.filter
def tone(word: str) -> str:
    """The badge's class for a phase or a question's state."""
    found = TONES.get(word)
    return f" badge-{found}" if found else ""


@register.filter
def post_link(chat: HashtagChat, post_id: str) -> str:
    """The address of a post; empty without one."""
    return post_url(chat, post_id)


@register.filter
def at_key(found: Mapping[str, int], key: str) -> int | None:
    """A value by its key."""
    return found.get(key)


@register.filter
def why_not(question: HashtagQuestion) -> str:
    """Why it was not asked, in the reader's language; a provider's own words as they are."""
    return _(question.problem) if question.problem else ""
