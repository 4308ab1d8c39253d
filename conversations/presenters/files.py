"""Files as the thread shows them: pictures, players, downloads, and why one is not there."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from conversations.models import Message
from gateway.media import words
from gateway.media.kinds import PICTURES, PLAYED, family
from gateway.media.models import FileState, MessageFile
from gateway.pages.looks import FILE_ICONS


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file. ``look``: picture, video, audio, download, pending or missing.

    ``problem`` says why one is missing, ``again`` that another attempt may bring it; ``url`` is
    empty without bytes.
    """

    look: str
    kind: str
    name: str
    size: str
    url: str
    icon: str
    problem: str
    again: bool = False


def files(message: Message, rows: Sequence[MessageFile]) -> list[ShownFile]:
    """The files of a message; what came before there were rows is named only."""
    if rows:
        return [_shown(row) for row in rows]
    return [_named(one.get("content_type", ""), one.get("name", "")) for one in message.attachments]


def _shown(row: MessageFile) -> ShownFile:
    file = row.file if row.state == FileState.STORED else None
    return ShownFile(
        look=_look(row.content_type) if file else _waiting(row),
        kind=words.kind(row.content_type),
        name=row.name,
        size=words.size(row.size),
        url=reverse("file", args=[file.uid]) if file else "",
        icon=_icon(row.content_type),
        problem=words.reason(row.error) if row.state != FileState.PENDING else "",
        again=row.state == FileState.FAILED,
    )


def _named(content_type: str, name: str) -> ShownFile:
    kind = words.kind(content_type)
    return ShownFile("missing", kind, name, "", "", _icon(content_type), _("It was not kept."))


def _waiting(row: MessageFile) -> str:
    return "pending" if row.state == FileState.PENDING else "missing"


def _look(content_type: str) -> str:
    if content_type in PICTURES:
        return "picture"
    return family(content_type) if content_type in PLAYED else "download"


def _icon(content_type: str) -> str:
    return FILE_ICONS.get(content_type) or FILE_ICONS.get(family(content_type)) or "file-text"
